#pragma once

#include "messages/ballot.hpp"
#include "messages/clock.hpp"

#include <cstdint>
#include <string_view>

namespace lockstep {

enum class role : std::uint8_t { follower = 0, candidate = 1, leader = 2 };

/// "follower", "candidate" or "leader".
std::string_view to_string(role value);

/// What a device must not forget about leadership; stored in sync.db before
/// anything that rests on it is said.
struct leadership_record {
  /// The newest ballot under which somebody is known to have led.
  lockstep::ballot current;
  /// The ballot this device last voted for (its own claim included).
  lockstep::ballot vote;
  /// Who leads under `current`; nil while undecided.
  device_id leader;
  /// When the leader's lease runs out, by this device's wall clock.
  wall_time lease_end{};

  bool operator==(const leadership_record&) const = default;
};

/// Who leads, as this device sees it now.
struct leadership_view {
  lockstep::role role = lockstep::role::follower;
  lockstep::ballot ballot;
  device_id leader; ///< Nil when not known.
  wall_time lease_end{};
  /// This device leads and nobody answered its last heartbeats.
  bool alone = false;
  /// Nobody leads: that needs a majority of the members, and this device does
  /// not reach one.
  bool lacks_majority = false;

  bool operator==(const leadership_view&) const = default;
};

/// A host asks this device to lead: answered with the view once it does, or
/// with `not_leader` when a member refused.
struct request_leadership {};

/// The leader is asked to hand over to a member.
struct transfer_leadership {
  device_id to;
};

/// The device shuts down: hand over if it leads, then be quiet.
struct step_down {};

struct read_leader {};

} // namespace lockstep
