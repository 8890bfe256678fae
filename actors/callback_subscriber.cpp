#include "actors/callback_subscriber.hpp"

#include "actors/logging.hpp"

#include <caf/send.hpp>

#include <exception>
#include <utility>

namespace lockstep {

namespace {

void call(const event_callback& callback, const event& what) {
  try {
    callback(what);
  } catch (const std::exception& error) {
    logger().error("an event callback failed: {}", error.what());
  } catch (...) {
    logger().error("an event callback failed with an unknown exception");
  }
}

} // namespace

event_subscriber::behavior_type callback_subscriber(
  event_subscriber::stateful_pointer<callback_subscriber_state> self,
  const event_bus_actor& bus, event_callback callback) {
  self->monitor(bus);
  self->set_down_handler(
    [self](const caf::down_msg& down) { self->quit(down.reason); });
  return {
    [callback = std::move(callback)](const event_batch& batch) {
      for (const auto& each : batch.list)
        call(callback, *each);
      return done{};
    },
  };
}

event_subscriber spawn_callback_subscriber(caf::actor_system& system,
                                           const environment& env,
                                           const event_bus_actor& bus,
                                           library_id library,
                                           event_callback callback) {
  auto made = spawn_blocking(system, env, callback_subscriber, bus,
                             std::move(callback));
  // Not by the subscriber: its thread may start after the next event.
  caf::anon_send(bus, subscribe{made, library});
  return made;
}

} // namespace lockstep
