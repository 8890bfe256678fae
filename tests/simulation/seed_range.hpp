#pragma once

#include "tests/simulation/one_run.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace lockstep::simulation {

/// What became of a range of seeds.
struct summary {
  std::uint64_t runs = 0;
  std::vector<std::uint64_t> failing;
  /// Kinds of faults and events that were asked for and never came.
  std::vector<std::string> never;
  double device_hours = 0;
  double wall_seconds = 0;
  std::uint64_t steps = 0;
  std::map<std::string, std::uint64_t> counts;

  [[nodiscard]] nlohmann::json to_json() const;
};

/// Runs all seeds, spread over processes, and tells of each failure on `err`.
summary run_range(const options& how, std::ostream& err);

/// The command that runs a seed again.
std::string replay_command(std::uint64_t seed, const options& how);

} // namespace lockstep::simulation
