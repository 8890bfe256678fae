#pragma once

#include "messages/ids.hpp"
#include "messages/numbers.hpp"

#include <compare>

namespace lockstep {

/// A leadership: ordered by term, then by device id. Whatever comes under a
/// ballot older than the one a device knows is refused.
struct ballot {
  term_number term;
  device_id device;

  auto operator<=>(const ballot&) const = default;
};

/// The end of a log. Positions compare as logs do: the later last ballot is
/// the longer log, then the higher sequence (Raft, section 5.4.1).
struct log_position {
  lockstep::ballot ballot;
  sequence_number sequence;

  auto operator<=>(const log_position&) const = default;
};

} // namespace lockstep
