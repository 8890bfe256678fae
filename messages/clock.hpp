#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace lockstep {

/// What timers run on: monotonic, virtual in tests, the same clock as CAF's
/// `actor_clock`. Never stored and never sent.
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::nanoseconds;

/// What people read: milliseconds since 1970 as the device believes them.
using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// ISO 8601 in UTC, to the second: 2026-01-31T23:59:59Z.
std::string to_string(wall_time at);

/// A hybrid logical clock reading (Kulkarni et al., "Logical Physical Clocks",
/// 2014): 48 bits of milliseconds since 1970, then a 16-bit counter.
struct timestamp {
  std::uint64_t packed = 0;

  auto operator<=>(const timestamp&) const = default;

  static constexpr timestamp from(std::uint64_t unix_ms,
                                  std::uint16_t counter) {
    return timestamp{unix_ms << 16 | counter};
  }
  [[nodiscard]] constexpr std::uint64_t unix_ms() const {
    return packed >> 16;
  }
  [[nodiscard]] constexpr std::uint16_t counter() const {
    return static_cast<std::uint16_t>(packed);
  }
};

} // namespace lockstep
