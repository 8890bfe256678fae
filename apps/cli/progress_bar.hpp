#pragma once

#include "apps/cli/output.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace lockstep::cli {

/// How far long work is: a bar on a terminal, elsewhere a line now and then.
class progress_bar {
public:
  /// `what` is what is counted: "entries".
  progress_bar(output out, std::string doing, std::string what);
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  /// Takes the bar off the terminal.
  ~progress_bar();

  /// `total` 0: not known. `bytes` are shown unless there are none.
  void show(std::uint64_t finished, std::uint64_t total,
            std::uint64_t bytes = 0);

private:
  [[nodiscard]] std::string line(std::uint64_t finished, std::uint64_t total,
                                 std::uint64_t bytes) const;

  output out_;
  std::string doing_;
  std::string what_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point said_;
};

} // namespace lockstep::cli
