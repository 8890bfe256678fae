#pragma once

#include "tests/simulation/options.hpp"

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>

namespace lockstep::simulation {

/// What became of one seed.
struct run_result {
  std::uint64_t seed = 0;
  /// The promise that was broken, or what stalled; empty when all is well.
  std::string why;
  /// The newest part of the trace of a run that failed.
  std::string story;
  /// Stands for the whole trace.
  std::uint64_t digest = 0;
  double device_hours = 0;
  std::uint64_t steps = 0;
  /// By name: faults, and what happened.
  std::map<std::string, std::uint64_t> counts;
};

/// Memory instead of a disk where there is one, for the few real files.
std::filesystem::path folder_for_runs();

/// Runs one seed. Nothing of it depends on anything else.
run_result run_seed(std::uint64_t seed, const options& how,
                    std::ostream* trace_to);

} // namespace lockstep::simulation
