#pragma once

#include "messages/library_requests.hpp"
#include "persistence/library_store.hpp"
#include "persistence/operation_keeper.hpp"

#include <functional>
#include <vector>

namespace lockstep {

/// Runs a host's transactions on database.db and captures what they changed.
/// Lives as long as one transaction that the caller opened on the store.
class library_writer {
public:
  /// `now` gives a reading of the hybrid clock for each new operation.
  library_writer(library_store& store, std::function<timestamp()> now)
    : store_(store), now_(std::move(now)) {
  }

  /// What other programs wrote since the last look, as one transaction. What
  /// cannot be captured stays noted for the next look.
  expected<operation_range> captured(operation_keeper& keeper);

  /// All rows of a model as operations, but for records that the log or the
  /// pending queue knows; not `with_rows`, only what refers to them, which says
  /// so otherwise from now on.
  expected<operation_range> imported(const tracked_table_schema& schema,
                                     operation_keeper& keeper, bool with_rows);

  /// All steps or none.
  expected<operation_range> run(const std::vector<transaction_step>& steps,
                                operation_keeper& keeper);

private:
  using changes = std::vector<captured_change>;

  /// Hands changes on, in pieces.
  using source = std::function<expected<void>(const capture::piece_keeper&)>;

  /// A row that was inserted; without data where its image is to be read.
  struct new_row {
    captured_change made;
    const tracked_table_schema* schema;
    std::int64_t rowid;
  };

  /// Does the steps, and knows what they changed.
  expected<source> make(const std::vector<transaction_step>& steps);
  /// Whether the triggers would do no more than to note each row, once, and
  /// its key says whose it is, however SQLite keeps it.
  [[nodiscard]] bool
  are_new_rows(const std::vector<transaction_step>& steps) const;
  /// Then nothing needs to be noted and found again.
  expected<source> insert_rows(const std::vector<transaction_step>& steps);
  /// Leaves nothing of use in the list.
  expected<void> read_rows(std::vector<new_row>& rows,
                           const capture::piece_keeper& keep);
  expected<void> run_step(const record_change& change, changes& without_table);
  expected<void> run_step(const sql_statement& statement);
  /// Fails where a record is to be inserted that is there.
  expected<void> check_is_new(const captured_change& made);
  /// What was noted after the note `after`.
  [[nodiscard]] source noted_after(std::int64_t after);
  /// Hands all of it on, complete and numbered, or nothing.
  expected<operation_range> hand_on(operation_keeper& keeper,
                                    const source& from);
  /// The same; where it fails, the caller takes back what was written.
  expected<operation_range> hand_on_all(operation_keeper& keeper,
                                        const source& from);
  /// Numbers a piece of a transaction.
  void complete(changes& piece, operation_range& all);

  library_store& store_;
  std::function<timestamp()> now_;
  /// The last number given in this transaction; the next one must be above it,
  /// also before the log or the pending queue holds it.
  device_sequence_number handed_out_;
};

} // namespace lockstep
