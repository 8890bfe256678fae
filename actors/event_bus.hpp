#pragma once

#include "actors/message_types.hpp"

#include <caf/typed_actor.hpp>

namespace lockstep {

/// Receives events; a subscriber answers each delivery, which is its credit for
/// more.
using event_subscriber = caf::typed_actor<
  /// The next events, oldest first; the answer says: ready for more.
  caf::replies_to<event_batch>::with<done>>;

struct subscribe {
  event_subscriber subscriber;
  /// Only events of this library; all when nil.
  library_id library;
};

struct unsubscribe {
  event_subscriber subscriber;
};

/// One per node. Each subscriber has its own bounded queue and gets one batch
/// at a time; one that is too slow loses events and is told how many, and slows
/// nobody else.
using event_bus_actor = caf::typed_actor<
  /// Delivers to every subscriber.
  caf::reacts_to<event>,
  caf::reacts_to<subscribe>,
  caf::reacts_to<unsubscribe>>;

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(subscribe)
LOCKSTEP_LOCAL_MESSAGE(unsubscribe)
