#pragma once

#include "apps/cli/demo_report.hpp"
#include "messages/models.hpp"

#include <array>
#include <filesystem>
#include <string>

namespace lockstep::cli {

/// Three devices that keep a real folder's library in step. A is a desktop, B a
/// laptop, and C a phone, which never leads. Every step says what it expects of
/// the devices and asks them whether it is so; the first that finds otherwise
/// is the last before the comparison.
class demo_script {
public:
  /// `below`: where the data directories are made. `limits`: of every device.
  demo_script(std::filesystem::path folder, const std::filesystem::path& below,
              const settings& limits, output out);

  demo_report run();

private:
  /// A step returns what happened, in one line; throws `step_failed`.
  using step = std::string (demo_script::*)();

  void take(const char* name, step what);

  std::string meet();
  std::string index();
  std::string organize();
  std::string edit_apart();
  std::string lose_leader();
  std::string write_on();
  std::string return_leader();
  std::string compare();

  void watch_indexing(demo_device& of, std::uint64_t files);
  void expect_conflict(const std::string& loser_color);
  demo_device& leading();
  void take_standings();

  runtime runtime_;
  output out_;
  demo_report report_;
  std::array<demo_device, 3> devices_;
  demo_device& a_ = devices_[0];
  demo_device& b_ = devices_[1];
  demo_device& c_ = devices_[2];
  demo_device* killed_ = nullptr;
  tag holiday_;
  album summer_;
  tag after_;
  album meanwhile_;
};

} // namespace lockstep::cli
