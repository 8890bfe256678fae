#pragma once

#include "config/settings.hpp"
#include "tests/simulation/options.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::simulation {

/// What went over the network, as frames without TLS.
struct carried {
  double messages = 0;
  double bytes = 0;
  /// Sent and received by the device that had most to do.
  double messages_of_busiest = 0;
  double bytes_of_busiest = 0;
  /// Messages by their names.
  std::map<std::string, double> kinds = {};
};

/// What a library of so many members has its devices say.
struct traffic {
  std::size_t devices = 0;
  carried joining;           ///< When one more device has become a member.
  carried hour_of_rest;      ///< While nothing is written, in an hour.
  carried commit_of_leader;  ///< For one row.
  carried commit_of_another; ///< For one row.
  carried batch;             ///< 1,000 rows in one transaction of the leader.
};

/// Measures that for the first seed and each of `sizes`, in virtual time, on a
/// network without faults where messages take 1 to 20 ms. Throws
/// std::runtime_error for a library that does not come to rest.
std::vector<traffic> measure_traffic(const options& how, const settings& limits,
                                     const std::vector<std::size_t>& sizes);

/// Of 2, 5, 10, 30 and 100 those that the range holds.
std::vector<std::size_t> sizes_in(const number_range& devices);

/// The same for people and for programs.
std::string table_of(const std::vector<traffic>& all);
nlohmann::json json_of(const std::vector<traffic>& all);

} // namespace lockstep::simulation
