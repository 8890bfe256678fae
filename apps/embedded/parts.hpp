#pragma once

#include "actors/errors.hpp"
#include "actors/node.hpp"
#include "apps/embedded/library.hpp"
#include "apps/embedded/runtime.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

/// What stands behind the public classes; not for hosts.
namespace lockstep {

struct runtime_access {
  static caf::actor_system& system(runtime& shared);
  static const local_network_actor& network(runtime& shared);
};

/// Sends a request to an actor that may be gone; the callback runs on a thread
/// of the system.
template <class T, class Handle, class Request>
void ask(caf::actor_system& system, const caf::actor_addr& target,
         Request request, answer_callback<T> callback) {
  auto handle = caf::actor_cast<caf::strong_actor_ptr>(target);
  if (!handle) {
    callback(
      fail(errc::closed, "The library is closed on this device; open it."));
    return;
  }
  system.spawn([handle = caf::actor_cast<Handle>(std::move(handle)),
                request = std::move(request),
                callback](caf::event_based_actor* self) {
    self->request(handle, caf::infinite, request)
      .then([callback](T& value) { callback(std::move(value)); },
            [callback](const caf::error& why) {
              callback(tl::make_unexpected(to_failure(why)));
            });
  });
}

/// The same with an answer to wait for.
template <class T, class Handle, class Request>
answer<T> ask(caf::actor_system& system, const caf::actor_addr& target,
              Request request) {
  auto promise = std::make_shared<std::promise<expected<T>>>();
  auto future = promise->get_future();
  ask<T, Handle>(system, target, std::move(request),
                 answer_callback<T>{[promise](expected<T> value) {
                   promise->set_value(std::move(value));
                 }});
  return future;
}

struct library::parts {
  caf::actor_system* system = nullptr;
  library_id id;
  std::string name;
  device_id creator;
  // Weak: a handle that a host keeps must not keep a closed library's thread.
  caf::actor_addr library;
  caf::actor_addr log;
  caf::actor_addr leadership;
  caf::actor_addr indexer;
};

} // namespace lockstep
