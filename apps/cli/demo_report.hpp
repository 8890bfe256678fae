#pragma once

#include "apps/cli/demo_device.hpp"
#include "apps/cli/output.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lockstep::cli {

/// One step of the demo, and what came of it.
struct demo_step {
  std::string name;
  bool ok = false;
  std::chrono::milliseconds took{};
  std::string what;
};

/// What a device said at the end.
struct demo_standing {
  std::string name;
  device_id device;
  library_status status;
  index_digest index;
  library_digest digest;
  /// Everything equals the first device's.
  bool equal = false;
};

struct demo_report {
  std::filesystem::path folder;
  /// As the first device counted them.
  std::uint64_t files = 0;
  std::vector<demo_step> steps;
  std::vector<demo_standing> devices;

  /// Every step came out as expected.
  [[nodiscard]] bool ok() const;
};

/// One digest for all tables of a device.
std::uint64_t tables_digest(const library_digest& digest);

nlohmann::json to_json(const demo_report& report);

/// A step in one line.
std::string to_text(const demo_step& step);
/// The devices side by side.
text_table devices_table(const demo_report& report);

} // namespace lockstep::cli
