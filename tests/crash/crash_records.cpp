#include "tests/crash/crash_records.hpp"

#include <algorithm>
#include <sstream>

namespace lockstep {

namespace {

expected<bool> knows_library(node& device) {
  return device.libraries().map([](const std::vector<known_library>& list) {
    return std::any_of(list.begin(), list.end(), [](const known_library& one) {
      return one.name == crash_library;
    });
  });
}

} // namespace

std::string to_line(const acknowledged& what) {
  return to_string(what.device) + ' ' + to_string(what.first) + ' '
         + to_string(what.last) + ' ' + to_string(what.record) + ' '
         + std::to_string(what.value) + '\n';
}

std::optional<acknowledged> parse_acknowledged(std::string_view line) {
  std::istringstream words{std::string{line}};
  std::string device;
  std::string record;
  acknowledged what;
  words >> device >> what.first.value >> what.last.value >> record
    >> what.value;
  const auto device_id_read = parse_id<device_id>(device);
  const auto record_id_read = parse_id<record_id>(record);
  if (!words || !device_id_read || !record_id_read)
    return std::nullopt;
  what.device = *device_id_read;
  what.record = *record_id_read;
  return what;
}

node_options crash_options(const std::filesystem::path& directory) {
  using namespace std::chrono_literals;
  node_options options;
  options.data_directory = directory;
  options.device_name = directory.filename().string();
  auto& times = options.limits.leadership;
  times.heartbeat = 100ms;
  times.timeout = 300ms;
  times.lease = 500ms;
  times.election_window = 50ms;
  options.limits.replication.retry_first = 20ms;
  options.limits.replication.retry_most = 500ms;
  options.limits.index.batch = 100;
  return options;
}

expected<library> open_crash_library(node& device) {
  const auto known = knows_library(device);
  if (!known)
    return tl::make_unexpected(known.error());
  return *known ? device.open_library(crash_library)
                : device.create_library(crash_library);
}

expected<library> open_crash_library(node& device, node& leader,
                                     const library& shared) {
  const auto known = knows_library(device);
  if (!known)
    return tl::make_unexpected(known.error());
  return *known ? device.open_library(crash_library)
                : leader.share_library(shared, device);
}

} // namespace lockstep
