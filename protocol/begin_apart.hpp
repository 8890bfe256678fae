#pragma once

#include <cstdint>

namespace lockstep {

/// Where numbers begin of which none may come twice, though some that were
/// given may be forgotten: at the time, `by_time`, in a unit in which it runs
/// faster than numbers are given. Where `known`, the highest that is left, is
/// ahead of the time, they keep `leap` from it, more than can be forgotten, and
/// as much more as the time says: a life that was forgotten may have begun with
/// the same `known`.
constexpr std::uint64_t begin_apart(std::uint64_t known, std::uint64_t by_time,
                                    std::uint64_t leap) {
  return known < by_time ? by_time : known + leap + by_time % leap;
}

} // namespace lockstep
