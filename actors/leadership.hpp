#pragma once

#include "actors/peer.hpp"
#include "actors/sync_log.hpp"

#include <caf/typed_actor.hpp>

namespace lockstep {

/// Who leads one library: the shell around protocol/election.
using leadership_actor = peer_listener::extend<
  /// Replication or library: the log's end moved (election compares logs).
  caf::reacts_to<log_head>,
  /// Library: who takes part.
  caf::reacts_to<members_changed>,
  caf::reacts_to<stable_advanced>,
  /// Who leads, as seen here.
  caf::replies_to<read_leader>::with<leadership_view>,
  /// Asks the others for the leadership.
  caf::replies_to<request_leadership>::with<leadership_view>,
  /// On the leader: hand over to a member.
  caf::replies_to<transfer_leadership>::with<leadership_view>,
  /// Shutdown: hands over if it leads, says nothing more, and ends.
  caf::replies_to<step_down>::with<done>>;

} // namespace lockstep
