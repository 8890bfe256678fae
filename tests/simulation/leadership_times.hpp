#pragma once

#include "config/settings.hpp"
#include "tests/simulation/options.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::simulation {

/// How long the devices of a library were without a leader that all of them
/// follow, in virtual time, once for each seed.
struct waiting_times {
  std::string_view after;
  /// In order, the shortest first.
  std::vector<std::chrono::duration<double>> times;

  /// The time that so many per cent of the runs did not pass.
  [[nodiscard]] std::chrono::duration<double> percentile(unsigned part) const;
};

/// Measures how long it takes until
/// - a leader died: another device's commit of that moment has its place;
/// - a leader closed in order: another device's commit has its place;
/// - two parts of the devices that each had a leader, and worked, met again:
///   every device's commit of that moment is on every device.
/// Messages take 1 to 20 ms. Throws std::runtime_error for a run that does not
/// get so far.
std::vector<waiting_times> measure_leadership(const options& how,
                                              const settings& limits);

/// The same for people and for programs.
std::string table_of(const std::vector<waiting_times>& all);
nlohmann::json json_of(const std::vector<waiting_times>& all);

} // namespace lockstep::simulation
