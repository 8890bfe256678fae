#pragma once

#include "persistence/library_store.hpp"

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace lockstep {

/// One of this device's operations has its place in the log.
struct settled_operation {
  lockstep::device_sequence_number device_sequence;
  sequence_number sequence;
  bool lost = false; ///< It is kept as a conflict.
};

/// What `settled_operation` an entry amounts to on the device `own`.
std::optional<settled_operation> settled_by(const entry& what, device_id own);

/// Brings database.db to what the log says: applies entries, settles pending
/// operations, and gives entries back when the log is cut. Opens and ends its
/// own transactions on the store.
class library_applier {
public:
  explicit library_applier(library_store& store) : store_(store) {
  }

  using chunk = std::shared_ptr<const std::vector<entry>>;

  /// Applies what the log holds after `applied_sequence`, whole transactions
  /// only. `fresh` may be entries just appended, to save reading them again.
  /// Each applied chunk goes to `on_applied` once it is committed.
  expected<void> catch_up(chunk fresh,
                          const std::function<void(chunk)>& on_applied);

  /// Prepares to cut the log after `keep`: every applied entry after it becomes
  /// a pending operation again, under its first number. The tables stay as they
  /// are. The caller cuts the log next; a crash in between is harmless, since
  /// the entries are then applied anew.
  expected<void> give_back_after(sequence_number keep);

  /// Puts the tables back to what the log alone says; throws.
  void undo_pending();

  /// Shows the pending operations that fit on top of the tables; throws.
  void redo_pending();

private:
  expected<sequence_number> apply_chunk(std::span<const entry> list,
                                        sequence_number head);
  void apply(std::span<const entry> list);
  void apply_without_pending(std::span<const entry> list);
  void apply_one(const entry& what, bool pending_is_shown);
  void set_aside(const entry& what, const std::string& reason);
  void forget_after(const std::vector<entry>& given_back);

  library_store& store_;
};

} // namespace lockstep
