#pragma once

#include "tests/crash/crash_records.hpp"

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace lockstep {

/// When a child is killed.
struct kill_moment {
  /// Count `after` from when it said that it is ready, not from its start.
  bool once_ready = false;
  std::chrono::microseconds after{0};

  /// One of the first `most`; half of them once it is ready.
  static kill_moment any(std::mt19937_64& random,
                         std::chrono::microseconds most);
};

/// What a child said before it was killed.
struct last_words {
  bool ready = false;
  std::vector<lockstep::acknowledged> acknowledged;
  std::uint64_t indexed = 0;
  /// Why it stopped by itself, which it never should; else empty.
  std::string stopped;
};

/// Runs a child with these arguments, and ends it by SIGKILL.
last_words run_and_kill(const std::vector<std::string>& arguments,
                        const kill_moment& when);

} // namespace lockstep
