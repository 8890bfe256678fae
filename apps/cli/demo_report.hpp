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
  /// As `lockstep status` and `lockstep check` answer.
  nlohmann::json status;
  nlohmann::json check;
  index_digest index;
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

nlohmann::json to_json(const demo_report& report);

/// A step in one line.
std::string to_text(const demo_step& step);
/// The devices side by side.
text_table devices_table(const demo_report& report);

} // namespace lockstep::cli
