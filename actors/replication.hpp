#pragma once

#include "actors/peer.hpp"

#include <caf/typed_actor.hpp>

namespace lockstep {

/// Carries one library's entries and proposals between this device and its
/// peers: the shell around protocol/replication.
using replication_actor = peer_listener::extend<
  /// Leadership: who leads now.
  caf::reacts_to<role_changed>,
  /// Library: the log has grown here.
  caf::reacts_to<log_advanced>,
  /// Library: there are operations to propose.
  caf::reacts_to<pending_advanced>,
  /// Library: who takes part.
  caf::reacts_to<members_changed>,
  /// Stops at once and ends the actor.
  caf::replies_to<close_library>::with<done>>;

} // namespace lockstep
