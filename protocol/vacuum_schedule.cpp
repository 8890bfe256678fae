#include "protocol/vacuum_schedule.hpp"

#include <algorithm>

namespace lockstep {

namespace {

/// Looks in one period: what keeps a log from being vacuumed, as a member that
/// was not heard of yet, may be over soon.
constexpr int looks = 24;

} // namespace

std::optional<duration> vacuum_schedule::next_look() const {
  if (period_ == duration::zero())
    return std::nullopt;
  return std::max(period_ / looks, duration{std::chrono::seconds{1}});
}

bool vacuum_schedule::is_due(time_point now, const vacuum_bounds& bounds,
                             timestamp before) const {
  if (period_ == duration::zero() || !bounds.through)
    return false;
  if (!last_)
    return true;
  if (now - *last_ < period_)
    return false;
  // What came since may be old already: its device was away.
  return bounds_.through < bounds.through
         || bounds_.forget_through < bounds.forget_through
         || (oldest_young_ && *oldest_young_ < before);
}

void vacuum_schedule::ended(time_point now, const vacuum_bounds& bounds,
                            std::optional<timestamp> oldest_young) {
  last_ = now;
  bounds_ = bounds;
  oldest_young_ = oldest_young;
}

} // namespace lockstep
