#pragma once

#include "actors/environment.hpp"
#include "actors/event_bus.hpp"

#include <caf/actor_system.hpp>

#include <functional>

namespace lockstep {

/// What a host does with an event. It may take its time: it runs on a thread of
/// its own and delays nobody. What it throws is logged and goes no further.
using event_callback = std::function<void(const event&)>;

struct callback_subscriber_state {
  static inline const char* name = "callback_subscriber";
};

/// Ends with the bus. Whoever spawns it subscribes it.
event_subscriber::behavior_type callback_subscriber(
  event_subscriber::stateful_pointer<callback_subscriber_state> self,
  const event_bus_actor& bus, event_callback callback);

/// Calls `callback` for each event of `library` (of all when nil) that comes
/// after this call has returned, until the returned actor gets an exit message
/// or the bus ends. Whoever asked sends
/// that exit message and lets go of the handle before the system ends.
event_subscriber spawn_callback_subscriber(caf::actor_system& system,
                                           const environment& env,
                                           const event_bus_actor& bus,
                                           library_id library,
                                           event_callback callback);

} // namespace lockstep
