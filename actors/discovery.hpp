#pragma once

#include "actors/message_types.hpp"
#include "messages/announcement.hpp"
#include "messages/clock.hpp"
#include "persistence/file_descriptor.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace lockstep {

/// Somebody on a network of this device says that a device is at HOST:PORT;
/// nothing proves it.
struct device_announced {
  device_id device;
  std::string address;
};

using discovery_listener = caf::typed_actor<caf::reacts_to<device_announced>>;

struct discovery_order {
  announcement own;
  /// Where this device listens; empty: at all its addresses.
  std::string host;
  /// How often to say so.
  duration period{};
  std::uint64_t seed = 0;
  /// Once it can be read, it ends.
  std::shared_ptr<file_descriptor> cancelled;
  discovery_listener listener;
};

/// Says on the local networks who this device is and where it listens, and
/// tells the listener who else does: at most 32 a second, whatever comes. It
/// waits for the network, so it has a thread of its own.
void discovery(caf::event_based_actor* self, const discovery_order& order);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(device_announced)
