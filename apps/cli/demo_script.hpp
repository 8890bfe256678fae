#pragma once

#include "apps/cli/demo_report.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace lockstep::cli {

/// Three devices that keep a real folder's library in step. A is a desktop, B a
/// laptop, and C a phone, which never leads. Each is a process of its own, and
/// they meet over TLS on the loopback. Every step says what it expects of the
/// devices and asks them whether it is so; the first that finds otherwise is
/// the last before the comparison.
class demo_script {
public:
  /// `below`: where the data directories are made. `settings`: of every device,
  /// KEY=VALUE each.
  demo_script(std::filesystem::path folder, const std::filesystem::path& below,
              const std::vector<std::string>& settings, output out);

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

  /// Has the application on the device make its tables, and tracks them.
  void make_tables(demo_device& on);
  /// Waits until all that run show the same rows, some at least.
  void expect_everywhere(const std::string& query, const std::string& what);
  void watch_indexing(demo_device& of, const index_digest& like);
  void expect_conflict(const std::string& loser_color);
  demo_device& leading();
  void take_standings();

  output out_;
  demo_report report_;
  std::array<demo_device, 3> devices_;
  demo_device& a_ = devices_[0];
  demo_device& b_ = devices_[1];
  demo_device& c_ = devices_[2];
  demo_device* killed_ = nullptr;
  std::string holiday_;
};

} // namespace lockstep::cli
