#pragma once

#include "persistence/library_store.hpp"
#include "persistence/rows_together.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
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
  /// `now` gives a reading of the hybrid clock for what other programs wrote
  /// meanwhile: it is captured first, so that no entry writes over it.
  /// `on_renumbered` is told of own operations that got other numbers, once
  /// that is committed.
  library_applier(library_store& store, std::function<timestamp()> now,
                  std::function<void(const renumbering&)> on_renumbered = {})
    : store_(store), now_(std::move(now)),
      on_renumbered_(std::move(on_renumbered)) {
  }

  using chunk = std::shared_ptr<const std::vector<entry>>;

  using listener = std::function<void(chunk)>;

  /// Applies what the log holds after `applied_sequence`, whole transactions
  /// only. `fresh` may be entries just appended, to save reading them again.
  /// Each applied chunk goes to `on_applied` once it is committed. Memory is
  /// bounded by the chunk, however long a transaction is.
  expected<void> catch_up(chunk fresh, const listener& on_applied);

  /// Prepares to cut the log after `keep`: every applied entry after it becomes
  /// a pending operation again, under its first number. The tables stay as they
  /// are. The caller cuts the log next after what this returns, which is the
  /// log's beginning where what was vacuumed would be needed to cut it after
  /// `keep`; a crash in between is harmless, since the entries are then applied
  /// anew. Memory is bounded by the largest transaction.
  expected<sequence_number> give_back_after(sequence_number keep);

  /// Shows what was set aside and fits by now.
  expected<void> retry();

  /// Takes pending operations that the log held, and of which no entry is left,
  /// out of the queue, and shows what became of their records. All of the log
  /// is applied. Answers with this device's own among them. One that is younger
  /// than all that this device is known to have made by that number is another
  /// operation, of a device that forgot some, and gets a new number. `is_whole`
  /// says that the log is as long as the leader's: then it is not fetched anew
  /// any more.
  expected<std::vector<device_sequence_number>> settle_vacuumed(bool is_whole);

  /// Drops rows of which the log has forgotten the deletion
  /// (outlived_rows.hpp). All of the log is applied.
  expected<void> drop_outlived_rows();

  /// Takes all pending operations out of the tables, which are then what the
  /// log alone says, and into another queue; throws.
  void take_pending_into(pending_queue& queue);

  /// Shows the pending operations that fit on top of the tables; throws.
  void redo_pending();

private:
  void undo_pending();

  /// Entries after `cursor` that may be applied, given that the log ends at
  /// `head`: whole transactions, or the next piece of one that is longer than a
  /// chunk; empty when there is nothing but half a transaction.
  expected<chunk> next_chunk(sequence_number cursor, sequence_number head,
                             const chunk& fresh);
  /// One transaction on the store: applies `first`, and the rest of the
  /// transaction that it is a piece of. Returns where that ends.
  expected<sequence_number> apply_from(const chunk& first,
                                       sequence_number head);
  expected<void> report(const chunk& first, sequence_number through,
                        const listener& on_applied);
  expected<void> keep_captured();
  void apply_chunk(std::span<const entry> list);
  bool apply_on_top(std::span<const entry> list);
  void apply_without_pending(std::span<const entry> list);
  void apply_one(const entry& what);
  std::optional<taken_operation> note(const entry& what);
  /// Whether an own operation wishes for what the entry says.
  [[nodiscard]] bool is_same_image(const operation& made, const entry& what);
  /// Makes way for an own entry that is not the operation with its number.
  void free_number(const entry& what);
  void redo(const queued_transaction& which);
  /// The first of this device's pending operations whose number another one
  /// had, of which no entry is left; none where there is none.
  expected<device_sequence_number> first_reused_number();

  library_store& store_;
  std::function<timestamp()> now_;
  std::function<void(const renumbering&)> on_renumbered_;
  /// In the transaction that is open.
  std::vector<renumbering> renumbered_;
  /// Whether any operation may wait for an entry of the chunk.
  bool any_pending_ = true;
  /// While many entries are applied.
  std::optional<without_triggers> silent_;
};

} // namespace lockstep
