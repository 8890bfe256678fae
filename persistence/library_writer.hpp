#pragma once

#include "messages/library_requests.hpp"
#include "persistence/library_store.hpp"

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
  expected<std::vector<operation>> captured();

  /// All rows of a model as operations, but for records that the log or the
  /// pending queue knows.
  expected<std::vector<operation>> imported(const tracked_table_schema& schema);

  /// All steps or none; the operations they amount to, complete and numbered
  /// but stored nowhere yet: the caller hands them to `keep_pending` or to the
  /// sequencer before it asks for more.
  expected<std::vector<operation>>
  run(const std::vector<transaction_step>& steps);

  /// Stores operations that wait for their place in the log.
  expected<void> keep_pending(const std::vector<operation>& list);

private:
  expected<std::vector<operation>>
  steps_to_operations(const std::vector<transaction_step>& steps);
  expected<void> run_step(const record_change& change,
                          std::vector<operation>& without_table);
  expected<void> run_step(const sql_statement& statement);
  expected<std::vector<operation>> drained();
  void complete(std::vector<operation>& list);

  library_store& store_;
  std::function<timestamp()> now_;
  /// The last number given in this transaction; the next one must be above it,
  /// also before the log or the pending queue holds it.
  device_sequence_number handed_out_;
};

} // namespace lockstep
