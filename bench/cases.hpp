#pragma once

#include "bench/measurement.hpp"

#include <vector>

/// What is measured, one function a file.
namespace lockstep::bench {

/// Durable commits on the leader: one caller, 64 at once, batches of 1,000.
std::vector<measurement> measure_commits(const extent& how);

/// A program's bulk INSERT into a tracked table, until it is in the log.
std::vector<measurement> measure_foreign_inserts(const extent& how);

} // namespace lockstep::bench
