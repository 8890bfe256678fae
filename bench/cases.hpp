#pragma once

#include "bench/measurement.hpp"

#include <vector>

/// What is measured, one function a file.
namespace lockstep::bench {

/// Durable commits on the leader, each after the other.
std::vector<measurement> measure_commits(const extent& how);
/// The same of 64 callers at once.
std::vector<measurement> measure_commits_at_once(const extent& how);
/// commit_batch of 1,000 rows.
std::vector<measurement> measure_batches(const extent& how);

/// A program's bulk INSERT into a tracked table, until it is in the log.
std::vector<measurement> measure_foreign_inserts(const extent& how);

/// From a commit on one device until another process has applied it, over TLS,
/// while nothing else goes on.
std::vector<measurement> measure_latency(const extent& how);

/// Many rows from one process to another, over TLS.
std::vector<measurement> measure_replication(const extent& how);

/// A new device that fetches a long log.
std::vector<measurement> measure_first_sync(const extent& how);

/// fetch_since at the beginning, in the middle and at the end of a long log.
std::vector<measurement> measure_log_reading(const extent& how);

/// A log whose images are packed (log.compression) beside one where they are
/// not.
std::vector<measurement> measure_log_packing(const extent& how);

/// The event bus with ten subscribers.
std::vector<measurement> measure_events(const extent& how);

/// What two devices with ten libraries take of a core while nothing happens.
std::vector<measurement> measure_rest(const extent& how);

/// Memory beyond SQLite's page caches, at rest and during bulk work.
std::vector<measurement> measure_memory(const extent& how);

/// What the work costs in a short log and in long ones.
std::vector<measurement> measure_growth(const extent& how);

/// How long a commit waits for the vacuum of a long log.
std::vector<measurement> measure_vacuum(const extent& how);

} // namespace lockstep::bench
