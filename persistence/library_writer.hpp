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
  using change = std::function<void(changes&)>;

  /// Whether all that the triggers would do is to note the rows, and there are
  /// many: then Lockstep notes them itself, and SQLite does not keep a journal
  /// for each row, as it does where a trigger may fail.
  [[nodiscard]] bool
  are_new_rows(const std::vector<transaction_step>& steps) const;
  expected<void> run_step(const record_change& change, changes& without_table);
  expected<void> run_step(const sql_statement& statement);
  /// Hands on, complete and numbered, what was noted after the note `after`,
  /// each piece as `adapt` makes it, and then `more`: all or nothing.
  expected<operation_range> hand_on(operation_keeper& keeper,
                                    std::int64_t after, const change& adapt,
                                    changes more);
  /// Numbers a piece of a transaction.
  void complete(changes& piece, operation_range& all);

  library_store& store_;
  std::function<timestamp()> now_;
  /// The last number given in this transaction; the next one must be above it,
  /// also before the log or the pending queue holds it.
  device_sequence_number handed_out_;
};

} // namespace lockstep
