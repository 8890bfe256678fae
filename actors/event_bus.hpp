#pragma once

#include "actors/event_queue.hpp"
#include "actors/message_types.hpp"
#include "config/settings.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <vector>

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
  /// Only events that it says yes to; all without it.
  bool (*wanted)(const event&) = nullptr;
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
  /// Again by the same subscriber: takes the new choice from here on.
  caf::reacts_to<subscribe>,
  /// Nothing more is sent; a batch may still be on its way.
  caf::reacts_to<unsubscribe>>;

struct event_bus_state {
  static inline const char* name = "event_bus";

  struct subscription {
    /// Tells this subscription from an earlier one of the same subscriber.
    std::uint64_t id = 0;
    event_subscriber subscriber;
    library_id library;
    bool (*wanted)(const event&) = nullptr;
    event_queue waiting;
    /// A batch is with the subscriber.
    bool unanswered = false;
  };

  event_bus_actor::pointer self = nullptr;
  event_settings limits;
  std::uint64_t last_id = 0;
  std::vector<subscription> subscriptions;

  void publish(const event& what);
  void add(const subscribe& request);
  void drop(const caf::actor_addr& subscriber);
  void deliver(subscription& to);
  void answered(std::uint64_t id);
  void failed(std::uint64_t id);
};

/// Runs in the pool; it never blocks. A subscriber that ends, or answers with
/// an error, is dropped.
event_bus_actor::behavior_type
event_bus(event_bus_actor::stateful_pointer<event_bus_state> self,
          event_settings limits);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(subscribe)
LOCKSTEP_LOCAL_MESSAGE(unsubscribe)
