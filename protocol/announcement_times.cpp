#include "protocol/announcement_times.hpp"

#include <algorithm>

namespace lockstep {

announcement_times::announcement_times(duration period, std::uint64_t seed,
                                       time_point now)
  : period_(period), random_(seed), next_(now) {
}

void announcement_times::changed(time_point now) {
  // What goes on changing is told now and then, and not put off for ever.
  next_ = std::min(next_, now + settling);
  repeats_ = true;
}

void announcement_times::said(time_point now) {
  if (repeats_) {
    repeats_ = false;
    next_ = now + std::min(repeating, period_);
    return;
  }
  // Three quarters of it to all of it, so that devices do not speak in step.
  const auto quarter = period_ / 4;
  const auto steps = static_cast<std::uint64_t>(quarter.count()) + 1;
  next_
    = now + period_ - duration{static_cast<duration::rep>(random_() % steps)};
}

} // namespace lockstep
