#include "protocol/library_clock.hpp"

namespace lockstep {

void library_clock::look_at(reading now) {
  const auto started_at = now.wall - now.uptime;
  const auto before = started_at_.value_or(started_at);
  started_at_ = started_at;
  const auto set_by = started_at - before;
  if (std::chrono::abs(set_by) <= tolerance)
    return;
  const bool own_time = leads_ && correction_ == milliseconds::zero();
  if (!own_time)
    correction_ -= set_by;
}

wall_time library_clock::at(reading now) {
  look_at(now);
  return now.wall + correction_;
}

timestamp library_clock::tick(reading now) {
  return hybrid_.tick(at(now));
}

bool library_clock::observe(timestamp remote, reading now) {
  return hybrid_.observe(remote, at(now));
}

std::optional<library_clock::milliseconds>
library_clock::behind(wall_time leader, reading now) {
  const auto by = leader - at(now);
  if (std::chrono::abs(by) <= tolerance)
    return std::nullopt;
  return by;
}

void library_clock::move(milliseconds by) {
  correction_ += by;
  hybrid_.move(by);
}

} // namespace lockstep
