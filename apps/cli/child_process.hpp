#pragma once

#include "messages/errors.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lockstep::cli {

/// This program once more, as a process of its own that ends with this one.
/// Killed when the object goes away.
class child_process {
public:
  /// What it complains of is added to a file, or with no path goes where this
  /// process's complaints go. `io` where no process can be started.
  static expected<child_process> start(std::vector<std::string> arguments,
                                       const std::filesystem::path& complaints
                                       = {});

  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  ~child_process();

  /// What it says next on standard output, without the newline; empty when it
  /// says nothing more.
  std::string next_line();

  /// Sends a signal and waits for the end: the exit status, 128 and the
  /// signal's number where that ended it.
  int end(int signal);
  /// Waits for the end.
  int wait();

private:
  child_process(pid_t id, int output);

  pid_t id_ = -1;
  int output_ = -1;
  std::string said_;
};

} // namespace lockstep::cli
