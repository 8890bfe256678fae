#pragma once

#include "persistence/library_store.hpp"
#include "persistence/open_conflicts.hpp"
#include "persistence/operation_keeper.hpp"
#include "persistence/operation_list.hpp"
#include "protocol/log_draft.hpp"
#include "protocol/resolution.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// Deletions that members may have forgotten.
struct forgettable_deletions {
  sequence_number
    through;        ///< All members hold those up to here, as far as known.
  timestamp before; ///< They keep younger ones.
};

/// Puts operations in the log's order on the device that leads, and decides
/// what becomes of each: it changes the record, displaces a concurrent change,
/// or is kept as a conflict. Lives as long as one transaction on the store and
/// one draft, which the caller then hands to the log.
class library_sequencer : public operation_keeper {
public:
  /// `conflicts` are those of the log so far; `conflict_id` makes ids of
  /// conflict records, `now` readings of the hybrid clock for what the leader
  /// itself adds; `merges` are the host's own policies.
  library_sequencer(library_store& store, log_draft& draft,
                    open_conflicts& conflicts,
                    std::function<record_id()> conflict_id,
                    std::function<timestamp()> now,
                    const merge_functions* merges = nullptr,
                    const forgettable_deletions& forgettable = {})
    : store_(store), draft_(draft), conflicts_(conflicts),
      conflict_id_(std::move(conflict_id)), now_(std::move(now)),
      merges_(merges), forgettable_(forgettable) {
    store_.set_draft(&draft_);
  }

  /// This device's own operations, which its tables show already.
  expected<void> keep(const std::vector<captured_change>& piece) override;
  expected<void> close(operation_range all) override;
  void abandon() override;

  /// What a device proposes, in order: whole transactions, its own and those
  /// that it took back for others, and of a large one of its own a piece, which
  /// goes on after `follows` and is kept until the transaction is whole.
  /// Operations that the log holds already are passed over. Their changes are
  /// made in the tables; what other programs wrote must have been captured
  /// before. `log_conflict` when the piece's beginning is not here.
  expected<void> add_proposal(device_id from, device_sequence_number follows,
                              std::span<const operation> list);

  /// One transaction of them.
  expected<void> add_transaction(const operation_list& list);

  /// An entry of this device's own that changes nothing.
  expected<void> add_nothing();

  /// All that a queue holds; empties it.
  expected<void> add_all(pending_queue& queue);

private:
  /// Operations that do not fit into the tables.
  struct refusals {
    std::map<device_sequence_number, std::string> one_by_one;
    /// Why none of them fits.
    std::optional<std::string> all;

    [[nodiscard]] const std::string* find(device_sequence_number what) const;
  };

  expected<void> add_piece(device_id from, device_sequence_number follows,
                           std::span<const operation> piece);
  expected<void> try_transaction(const operation_list& list,
                                 const refusals& refused, refusals& more);
  expected<void> decide(const operation& what, const refusals& refused);
  /// Whether the device takes part, as far as the log goes by now: it was let
  /// in, and not removed since. Before the log names anybody, all do.
  expected<bool> takes_part(device_id device);
  /// Makes in the tables what the open transaction says.
  void show_open(refusals& unfit);
  /// Rows that a foreign key's action changed, in the name of this device.
  expected<void> add_dragged_along(std::int64_t noted);
  device_sequence_number next_own();
  /// Whether an operation gives its row another number.
  static bool wants_number(const tracked_table_schema& schema,
                           const operation& what);
  void move_to_wanted_number(const tracked_table_schema& schema,
                             const operation& what);
  expected<record_standing> standing_of(const operation& what,
                                        std::optional<entry>& latest);
  /// Of a record that the log does not know, or not any more.
  expected<record_standing> forgotten_standing(const operation& what);
  /// Whether who inserts a record may have forgotten that it was deleted.
  [[nodiscard]] bool may_have_forgotten(const operation& what,
                                        const entry& deletion) const;
  resolution resolve_now(const operation& what, const record_standing& record,
                         const std::optional<entry>& latest);
  /// What the host makes of the images, if that can be the record's.
  std::optional<std::string> merged_by_host(const merge_function& merge,
                                            std::string_view model,
                                            const concurrent_images& images);
  void add_change(const operation& what, const record_state& before);
  void add_merged(const operation& what, const operation& merged,
                  timestamp newest);
  /// The same as an operation of this device's.
  void add_own(operation what, const record_state& before);
  void add_conflict(const operation& loser, conflict_kind kind,
                    std::string_view reason, const conflict_side& winner);
  /// In the name of this device, beside the operation's own entry.
  void add_own_conflict(const operation& about, const conflict_side& winner,
                        const conflict_side& loser);
  /// What a device's earlier edits lost is in the one that follows on them.
  void end_conflict_of(const operation& successor);
  /// What a conflict keeps of the record is its row now.
  void end_conflicts_that_keep(const operation& placed);
  /// Where an edit that lost is kept.
  record_id conflict_of(const operation& loser);
  void add_entry(entry what);
  bool is_known(const operation& what) const;

  library_store& store_;
  log_draft& draft_;
  open_conflicts& conflicts_;
  std::function<record_id()> conflict_id_;
  std::function<timestamp()> now_;
  const merge_functions* merges_;
  forgettable_deletions forgettable_;
  /// All members that the log names, and whether they were removed; nothing
  /// where that must be read.
  std::optional<std::map<device_id, bool>> members_;
  /// Numbers that the draft takes.
  accepted_set taken_;
  /// Operations of the open transaction that were merged, by the number of what
  /// they were merged into.
  std::map<device_sequence_number, device_sequence_number> merged_;
  /// Records, by table, that the open transaction is still to give another
  /// number, and numbers that its deleted rows leave.
  std::set<std::pair<std::int64_t, record_id>> moving_;
  std::set<std::pair<std::int64_t, std::int64_t>> freed_;
  /// `taken_` before the open transaction of this device's own.
  std::optional<accepted_set> taken_before_;
  /// This device's own numbers that are used up, also by proposals that are
  /// still to be added.
  device_sequence_number own_last_;
};

} // namespace lockstep
