#pragma once

#include "tests/processes/process.hpp"

namespace lockstep {

/// How a device is served in a test.
struct serving {
  std::string listen = "127.0.0.1:0";
  /// KEY=VALUE each, beside short times.
  std::vector<std::string> settings = {};
  /// What runs the program, as in `ip netns exec`.
  std::vector<std::string> through = {};
};

/// A running `lockstep serve` with short times.
class served_device : public process {
public:
  /// Starts it and waits for its first line.
  served_device(const std::filesystem::path& data,
                const std::filesystem::path& complaints,
                const serving& how = {})
    : process{command_of(data, how), complaints} {
    first_line_ = next_line();
  }

  /// "listening on HOST:PORT"; empty when it ended instead.
  [[nodiscard]] const std::string& first_line() const {
    return first_line_;
  }
  [[nodiscard]] std::string address() const {
    return first_line_.substr(first_line_.rfind(' ') + 1);
  }
  [[nodiscard]] int port() const {
    return std::stoi(first_line_.substr(first_line_.rfind(':') + 1));
  }

private:
  static std::vector<std::string> command_of(const std::filesystem::path& data,
                                             const serving& how) {
    auto command = how.through;
    command.insert(command.end(), {LOCKSTEP_PROGRAM, "--data", data.string(),
                                   "--log-level", "debug"});
    std::vector<std::string> settings{
      "leadership.heartbeat=200ms", "leadership.timeout=1s",
      "leadership.lease=1500ms", "leadership.election_window=100ms",
      "network.redial_most=1s"};
    settings.insert(settings.end(), how.settings.begin(), how.settings.end());
    for (const auto& one : settings)
      command.insert(command.end(), {"--set", one});
    command.insert(command.end(), {"serve", "--listen", how.listen});
    return command;
  }

  std::string first_line_;
};

} // namespace lockstep
