#pragma once

#include "actors/errors.hpp"
#include "actors/local_network.hpp"
#include "actors/logging.hpp"
#include "actors/node.hpp"
#include "actors/shared_threads.hpp"
#include "apps/embedded/library.hpp"
#include "apps/embedded/runtime.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#include <caf/monitorable_actor.hpp>

/// What stands behind the public classes; not for hosts.
namespace lockstep {

struct runtime_access {
  static caf::actor_system& system(runtime& shared);
  static const local_network_actor& network(runtime& shared);
};

/// Calls back exactly once; with `closed` when nobody is left to answer.
template <class T> class answer_once {
public:
  explicit answer_once(answer_callback<T> callback)
    : callback_(std::move(callback)) {
  }
  answer_once(const answer_once&) = delete;
  answer_once& operator=(const answer_once&) = delete;
  ~answer_once() {
    if (callback_)
      (*this)(fail(errc::closed,
                   "The library was closed before it answered; open it."));
  }
  void operator()(expected<T> value) {
    auto callback = std::exchange(callback_, nullptr);
    if (!callback)
      return;
    const handing_over takes_its_time{false};
    // What a host's function throws must not end the actor that answers.
    try {
      callback(std::move(value));
    } catch (const std::exception& what) {
      logger().error("a function that was called with an answer failed: {}",
                     what.what());
    } catch (...) {
      logger().error("a function that was called with an answer failed");
    }
  }

private:
  answer_callback<T> callback_;
};

/// Who asks, to CAF: takes the answer on the thread that gives it, as no other
/// one needs to wake up in between. One of CAF's own companions would wake the
/// thread of its clock at its end.
template <class T> class asker : public caf::monitorable_actor {
public:
  asker(caf::actor_config& config, answer_callback<T> callback)
    : caf::monitorable_actor(config), once_(std::move(callback)) {
  }

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr answered,
               caf::execution_unit*) override {
    auto content = answered->move_content_to_message();
    if (content.match_elements<T>())
      once_(std::move(content.get_mutable_as<T>(0)));
    else if (content.match_elements<caf::error>())
      once_(tl::make_unexpected(to_failure(content.get_as<caf::error>(0))));
  }

private:
  answer_once<T> once_;
};

/// Sends a request to an actor that may be gone; the callback runs on the
/// thread that answers, or on the caller's where nobody is left to.
template <class T, class Handle, class Request>
void ask(caf::actor_system& system, const caf::actor_addr& target,
         Request request, answer_callback<T> callback) {
  auto handle = caf::actor_cast<caf::strong_actor_ptr>(target);
  if (!handle) {
    answer_once<T>{std::move(callback)}(
      fail(errc::closed, "The library is closed on this device; open it."));
    return;
  }
  caf::actor_config config;
  auto asking = caf::make_actor<asker<T>, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config,
    std::move(callback));
  handle->enqueue(std::move(asking), caf::make_message_id(1),
                  caf::make_message(std::move(request)), nullptr);
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
  std::filesystem::path database;
  // Weak: a handle that a host keeps must not keep a closed library's thread.
  caf::actor_addr library;
  caf::actor_addr log;
  caf::actor_addr leadership;
  caf::actor_addr replication;
  caf::actor_addr indexer;
};

} // namespace lockstep
