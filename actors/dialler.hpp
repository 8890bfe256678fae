#pragma once

#include "actors/message_types.hpp"
#include "messages/clock.hpp"
#include "persistence/file_descriptor.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lockstep {

/// How a dial ended: with a socket, or with why there is none.
struct dialled {
  std::uint64_t dial = 0;
  std::shared_ptr<file_descriptor> socket;
  failure why{errc::none, {}};
};

using dial_listener = caf::typed_actor<caf::reacts_to<dialled>>;

struct dial_order {
  std::uint64_t dial = 0;
  /// HOST:PORT, tried in this order.
  std::vector<std::string> addresses;
  /// For each of them.
  duration timeout{};
  /// Once it can be read, all dials end.
  std::shared_ptr<file_descriptor> cancelled;
  dial_listener listener;
};

/// Connects to the first address that answers, tells the listener, and ends.
/// It waits for the network, so it has a thread of its own.
void dialler(caf::event_based_actor* self, const dial_order& order);

/// Something to end dials with; becomes readable by `cancel_dials`.
std::shared_ptr<file_descriptor> make_dial_end();
void cancel_dials(const file_descriptor& end);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(dialled)
