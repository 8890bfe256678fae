#pragma once

#include "actors/network.hpp"
#include "actors/peer.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace lockstep {

struct local_peer_state {
  static inline const char* name = "peer";
};

/// Another device: what is said to it goes, encoded, over the network. The
/// gateway ends it when the link goes down.
peer_actor::behavior_type
local_peer(peer_actor::stateful_pointer<local_peer_state> self,
           network_actor network, device_id from, device_id to);

} // namespace lockstep
