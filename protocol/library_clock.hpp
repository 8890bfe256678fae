#pragma once

#include "protocol/hybrid_clock.hpp"

#include <chrono>
#include <cstdint>
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

  /// How long a leader that seems to be behind must seem so before that is
  /// believed, and how often.
  static constexpr milliseconds late_for{60'000};
  static constexpr std::uint32_t late_times = 3;

  /// How far this clock is behind the leader's, which said `leader`, heard at
  /// `heard`: zero when they agree, nothing when it cannot be told. A message can wait on its way, behind a
  /// large transfer, so one that seems to come from a leader whose clock is
  /// behind counts only when it `is_first`, or when all do for a while; then
  /// the one that waited least counts.
  [[nodiscard]] std::optional<milliseconds>
  behind(wall_time leader, reading heard, bool is_first);

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
  /// Messages of a leader that seems to be behind.
  struct lateness {
    milliseconds since{}; ///< In uptime.
    std::uint32_t times = 0;
    milliseconds least{}; ///< The nearest to none, below zero.
  };
  std::optional<lateness> late_;
  /// What the wall clock shows when the machine is started.
  std::optional<wall_time> started_at_;
};

} // namespace lockstep
