#include "protocol/hybrid_clock.hpp"

#include <algorithm>

namespace lockstep {

namespace {

timestamp at(wall_time now) {
  const auto unix_ms = now.time_since_epoch().count();
  return timestamp::from(unix_ms > 0 ? static_cast<std::uint64_t>(unix_ms) : 0,
                         0);
}

timestamp moved(timestamp what, std::chrono::milliseconds by) {
  if (by < by.zero()) {
    const auto back = static_cast<std::uint64_t>(-by.count()) << 16;
    return timestamp{what.packed - std::min(what.packed, back)};
  }
  return timestamp{what.packed
                   + (static_cast<std::uint64_t>(by.count()) << 16)};
}

} // namespace

timestamp hybrid_clock::tick(wall_time now) {
  // Adding one to the packed value carries a full counter into the
  // milliseconds.
  own_ = std::max(at(now), timestamp{std::max(own_, seen_).packed + 1});
  return own_;
}

bool hybrid_clock::observe(timestamp remote, wall_time now) {
  const auto bound = at(
    now + std::chrono::duration_cast<std::chrono::milliseconds>(ahead_limit_));
  seen_ = std::max(seen_, std::min(remote, bound));
  return remote <= bound;
}

void hybrid_clock::move(std::chrono::milliseconds by) {
  own_ = moved(own_, by);
}

} // namespace lockstep
