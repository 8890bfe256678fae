#pragma once

#include "messages/clock.hpp"

#include <chrono>

namespace lockstep {

/// What a device's logs keep of what later entries supersede.
struct vacuum_settings {
  /// Entries younger than this stay.
  duration keep = std::chrono::hours{30 * 24};
  /// How often a device goes through a log of its own accord, at most; 0s: it
  /// never does.
  duration period = std::chrono::hours{24};
  /// Whether it archives what it then removes.
  bool archive = false;
};

struct member_settings {
  /// A member that has not been heard of for this long is waited for no more:
  /// its log may have to be fetched anew when it comes back. 0s: all are waited
  /// for, however long.
  duration stale_after = std::chrono::hours{90 * 24};
};

} // namespace lockstep
