#pragma once

#include "actors/message_types.hpp"

#include <caf/typed_actor.hpp>

namespace lockstep {

/// Another device, as the actors above the transport see it. What stands
/// behind it (a connection, an in-process link, a simulated network) they
/// cannot tell. Says are best effort: the link may drop them.
using peer_actor = caf::typed_actor<
  /// Say this to the device.
  caf::reacts_to<envelope>>;

/// The device can be reached; say things to it through `peer`.
struct peer_up {
  device_id device;
  peer_actor peer;
};

/// The device cannot be reached any more; drop the handle.
struct peer_down {
  device_id device;
};

/// The device said this about the listener's library.
struct from_peer {
  device_id device;
  peer_message message;
  /// The library's time there, as in the envelope.
  std::uint64_t unix_ms = 0;
};

/// Who hears what the members of one library say: its leadership and its
/// replication actor.
using peer_listener
  = caf::typed_actor<caf::reacts_to<peer_up>, caf::reacts_to<peer_down>,
                     caf::reacts_to<from_peer>>;

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(peer_up)
LOCKSTEP_LOCAL_MESSAGE(peer_down)
LOCKSTEP_LOCAL_MESSAGE(from_peer)
