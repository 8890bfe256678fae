#pragma once

#include "protocol/hybrid_clock.hpp"

#include <chrono>
#include <optional>

namespace lockstep {

/// The time of a library on one device: its wall clock, as far off as the
/// leader says it is. So all devices of a library tell one time, which new
/// leaders carry on, and a clock that is hours off decides nothing.
///
/// A follower's time goes on evenly when somebody sets its wall clock; what it
/// is off shows with the leader's next message. The leader of a library follows
/// its own wall clock.
class library_clock {
public:
  using milliseconds = std::chrono::milliseconds;

  /// Two readings at one moment.
  struct reading {
    wall_time wall;
    /// Since the machine was started, time asleep included; nobody sets it.
    milliseconds uptime{};
  };

  /// Clocks that differ by no more agree: messages take their time.
  static constexpr milliseconds tolerance{2'000};

  /// `correction`: how far the library's time was ahead of the wall clock when
  /// this device last ran.
  library_clock(duration ahead_limit, milliseconds correction)
    : hybrid_(ahead_limit), correction_(correction) {
  }

  /// The library's time.
  wall_time at(reading now);

  /// A timestamp for a new operation: later than every earlier one.
  timestamp tick(reading now);

  /// As hybrid_clock::observe.
  bool observe(timestamp remote, reading now);

  /// How far this clock is behind the leader's, which says `leader`; nothing
  /// when they agree.
  [[nodiscard]] std::optional<milliseconds> behind(wall_time leader,
                                                   reading now);

  /// Moves the library's time here, and what is still to be stamped with it.
  void move(milliseconds by);

  void set_leads(bool leads) {
    leads_ = leads;
  }

  /// How far the library's time is ahead of the wall clock.
  [[nodiscard]] milliseconds correction() const {
    return correction_;
  }

private:
  /// Takes note of a wall clock that was set.
  void look_at(reading now);

  hybrid_clock hybrid_;
  milliseconds correction_;
  bool leads_ = false;
  /// What the wall clock shows when the machine is started.
  std::optional<wall_time> started_at_;
};

} // namespace lockstep
