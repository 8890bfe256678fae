#include "actors/event_bus.hpp"

#include <algorithm>

namespace lockstep {

void event_bus_state::publish(const event& what) {
  const auto shared = std::make_shared<const event>(what);
  for (auto& each : subscriptions) {
    if ((!each.library.is_nil() && each.library != what.library)
        || (each.wanted != nullptr && !each.wanted(what)))
      continue;
    each.waiting.push(shared);
    deliver(each);
  }
}

void event_bus_state::add(const subscribe& request) {
  const auto known = std::find_if(
    subscriptions.begin(), subscriptions.end(), [&](const subscription& each) {
      return each.subscriber == request.subscriber;
    });
  if (known != subscriptions.end()) {
    known->library = request.library;
    known->wanted = request.wanted;
    return;
  }
  self->monitor(request.subscriber);
  subscriptions.push_back({++last_id, request.subscriber, request.library,
                           request.wanted, event_queue{limits.queue_limit},
                           false});
}

void event_bus_state::drop(const caf::actor_addr& subscriber) {
  std::erase_if(subscriptions, [&](const subscription& each) {
    return each.subscriber.address() == subscriber;
  });
}

void event_bus_state::deliver(subscription& to) {
  if (to.unanswered || to.waiting.empty())
    return;
  to.unanswered = true;
  // No time limit: who never answers costs one bounded queue, and who ends is
  // noticed by its down message.
  self->request(to.subscriber, caf::infinite, to.waiting.take())
    .then([this, id = to.id](const done&) { answered(id); },
          [this, id = to.id](const caf::error&) { failed(id); });
}

void event_bus_state::answered(std::uint64_t id) {
  for (auto& each : subscriptions) {
    if (each.id != id)
      continue;
    each.unanswered = false;
    deliver(each);
  }
}

void event_bus_state::failed(std::uint64_t id) {
  std::erase_if(subscriptions,
                [&](const subscription& each) { return each.id == id; });
}

event_bus_actor::behavior_type
event_bus(event_bus_actor::stateful_pointer<event_bus_state> self,
          event_settings limits) {
  auto& state = self->state;
  state.self = self;
  state.limits = limits;
  self->set_down_handler(
    [&state](const caf::down_msg& down) { state.drop(down.source); });
  return {
    [&state](const event& what) { state.publish(what); },
    [&state](const subscribe& request) { state.add(request); },
    [&state, self](const unsubscribe& request) {
      self->demonitor(request.subscriber.address());
      state.drop(request.subscriber.address());
    },
  };
}

} // namespace lockstep
