#pragma once

#include "messages/numbers.hpp"

namespace lockstep {

/// What may leave a library's log, as far as known. Both go back where a member
/// is heard again, or let in.
struct vacuum_bounds {
  /// Every member holds the log up to here that is not silent for too long.
  sequence_number through;
  /// Every member does: deletions up to here may be forgotten.
  sequence_number forget_through;

  bool operator==(const vacuum_bounds&) const = default;
};

} // namespace lockstep
