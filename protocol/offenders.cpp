#include "protocol/offenders.hpp"

#include <algorithm>

namespace lockstep {

offenders::offenders(const offender_limits& limits) : limits_(limits) {
}

duration offenders::note(const std::string& who, time_point now) {
  if (!known_.contains(who))
    make_room(now);
  auto& what = known_[who];
  if (is_over(what, now))
    what.offences = 0;
  auto wait = limits_.first;
  for (std::uint32_t i = 0; i < what.offences && wait < limits_.most; ++i)
    wait *= 2;
  wait = std::min(wait, limits_.most);
  ++what.offences;
  what.until = now + wait;
  return wait;
}

std::optional<time_point> offenders::kept_out(const std::string& who,
                                              time_point now) const {
  const auto found = known_.find(who);
  if (found == known_.end() || now >= found->second.until)
    return std::nullopt;
  return found->second.until;
}

void offenders::forgive(const std::string& who) {
  known_.erase(who);
}

bool offenders::is_over(const record& what, time_point now) const {
  return now - what.until >= limits_.most;
}

void offenders::make_room(time_point now) {
  if (known_.size() < limits_.known_most)
    return;
  std::erase_if(known_,
                [&](const auto& one) { return is_over(one.second, now); });
  if (known_.size() < limits_.known_most)
    return;
  // Whoever has the least to wait loses the least.
  known_.erase(std::min_element(known_.begin(), known_.end(),
                                [](const auto& a, const auto& b) {
                                  return a.second.until < b.second.until;
                                }));
}

} // namespace lockstep
