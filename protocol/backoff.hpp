#pragma once

#include "messages/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace lockstep {

/// The wait before the next try after `attempts` tries without success: `first`
/// after none, doubled each time, at most `most` (binary exponential backoff,
/// as Ethernet has it).
constexpr duration doubling_wait(duration first, std::uint32_t attempts,
                                 duration most) {
  auto wait = first;
  for (std::uint32_t i = 0; i < attempts && wait < most; ++i)
    wait *= 2;
  return std::min(wait, most);
}

} // namespace lockstep
