#include "protocol/library_clock.hpp"

#include <algorithm>

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
library_clock::behind(wall_time leader, reading heard, bool is_first) {
  const auto by = leader - at(heard);
  const bool agrees = std::chrono::abs(by) <= tolerance;
  if (agrees || is_first || by > milliseconds::zero()) {
    late_.reset();
    return agrees ? milliseconds::zero() : by;
  }
  if (!late_)
    late_ = {heard.uptime, 0, by};
  ++late_->times;
  late_->least = std::max(late_->least, by);
  if (late_->times < late_times || heard.uptime - late_->since < late_for)
    return std::nullopt;
  return late_->least;
}

void library_clock::move(milliseconds by) {
  late_.reset();
  correction_ += by;
  hybrid_.move(by);
}

} // namespace lockstep
