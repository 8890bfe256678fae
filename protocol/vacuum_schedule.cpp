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

bool vacuum_schedule::is_due(time_point now, sequence_number through,
                             timestamp before) const {
  if (period_ == duration::zero() || !through)
    return false;
  if (!last_)
    return true;
  if (now - *last_ < period_)
    return false;
  // What came since may be old already: its device was away.
  return through_ < through || (oldest_young_ && *oldest_young_ < before);
}

void vacuum_schedule::ended(time_point now, sequence_number through,
                            std::optional<timestamp> oldest_young) {
  last_ = now;
  through_ = through;
  oldest_young_ = oldest_young;
}

} // namespace lockstep
