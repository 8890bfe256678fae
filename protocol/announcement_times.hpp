#pragma once

#include "messages/clock.hpp"

#include <chrono>
#include <cstdint>
#include <random>

namespace lockstep {

/// When a device says on its networks where it is: at the start and soon after
/// its addresses changed, each time once more as a datagram may be lost, and
/// then every `period`, about. Pure.
class announcement_times {
public:
  /// Addresses change in bursts; all of a burst is told at once.
  static constexpr duration settling = std::chrono::milliseconds{500};
  static constexpr duration repeating = std::chrono::seconds{1};

  announcement_times(duration period, std::uint64_t seed, time_point now);

  [[nodiscard]] time_point next() const {
    return next_;
  }
  /// Where the device is may be told anew.
  void changed(time_point now);
  /// It was said just now.
  void said(time_point now);

private:
  duration period_;
  std::mt19937_64 random_;
  time_point next_;
  bool repeats_ = true;
};

} // namespace lockstep
