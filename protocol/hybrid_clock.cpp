#include "protocol/hybrid_clock.hpp"

#include <algorithm>

namespace lockstep {

namespace {

timestamp at(wall_time now) {
  const auto unix_ms = now.time_since_epoch().count();
  return timestamp::from(unix_ms > 0 ? static_cast<std::uint64_t>(unix_ms) : 0,
                         0);
}

} // namespace

timestamp hybrid_clock::tick(wall_time now) {
  // Adding one to the packed value carries a full counter into the
  // milliseconds.
  last_ = std::max(at(now), timestamp{last_.packed + 1});
  return last_;
}

bool hybrid_clock::observe(timestamp remote, wall_time now) {
  const auto bound = at(
    now + std::chrono::duration_cast<std::chrono::milliseconds>(ahead_limit_));
  last_ = std::max(last_, std::min(remote, bound));
  return remote <= bound;
}

} // namespace lockstep
