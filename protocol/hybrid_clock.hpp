#pragma once

#include "messages/clock.hpp"

namespace lockstep {

/// A hybrid logical clock (Kulkarni et al., 2014): never goes back, keeps ahead
/// of everything it has seen, and stays close to the wall clock. A remote
/// reading further ahead than a bound is taken as that bound, so that one
/// device with a wrong clock does not drag all others along.
class hybrid_clock {
public:
  explicit hybrid_clock(duration ahead_limit) : ahead_limit_(ahead_limit) {
  }

  /// A reading for a new operation: later than every earlier one.
  timestamp tick(wall_time now);

  /// Takes note of a remote reading; false when it was too far ahead and only
  /// counted up to the bound.
  bool observe(timestamp remote, wall_time now);

  /// The wall clock was off: from now on it reads so much more. The own
  /// readings move with it, what was seen of others stays.
  void move(std::chrono::milliseconds by);

private:
  duration ahead_limit_;
  timestamp own_;
  timestamp seen_;
};

} // namespace lockstep
