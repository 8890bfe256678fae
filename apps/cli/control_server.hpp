#pragma once

#include "apps/cli/console.hpp"
#include "apps/cli/distant_command.hpp"
#include "apps/cli/exit_status.hpp"
#include "messages/errors.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

namespace lockstep::cli {

/// What other commands talk to while `serve` runs: HTTP with JSON on a Unix
/// socket that only the directory's owner can open.
class control_server {
public:
  using runner = std::function<exit_status(const distant_command&,
                                           std::shared_ptr<console>)>;

  /// `run` is called on several threads. Errors: `invalid_argument` where the
  /// path is too long for a socket, `io`.
  static expected<control_server> open(const std::filesystem::path& directory,
                                       runner run);

  control_server(control_server&&) noexcept;
  control_server& operator=(control_server&&) noexcept;
  /// Waits for the commands that run.
  ~control_server();

  /// Takes no more commands, and tells those that run to end soon.
  void finish();
  /// Whether they ended in time.
  bool wait_for_commands(std::chrono::milliseconds patience);

private:
  struct parts;
  explicit control_server(std::unique_ptr<parts> parts);
  std::unique_ptr<parts> parts_;
};

} // namespace lockstep::cli
