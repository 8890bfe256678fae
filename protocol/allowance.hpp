#pragma once

#include "messages/clock.hpp"

#include <cstddef>

namespace lockstep {

/// So many of something in so much time. Pure.
class allowance {
public:
  allowance(std::size_t most, duration span) : most_(most), span_(span) {
  }

  /// From when on one more is allowed: now, or later.
  [[nodiscard]] time_point next(time_point now) const {
    return taken_ < most_ || now - begun_ >= span_ ? now : begun_ + span_;
  }

  /// Takes one that is allowed.
  void take(time_point now) {
    if (taken_ == 0 || now - begun_ >= span_) {
      begun_ = now;
      taken_ = 0;
    }
    ++taken_;
  }

private:
  std::size_t most_;
  duration span_;
  std::size_t taken_ = 0;
  time_point begun_{};
};

} // namespace lockstep
