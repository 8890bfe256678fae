#include "actors/listener.hpp"

#include "actors/errors.hpp"
#include "actors/logging.hpp"

#include <caf/result.hpp>

#include <algorithm>
#include <chrono>

namespace lockstep {

namespace {

constexpr std::size_t friends_most = 1'024;

bool is_kept_out(const listener_state& state, const std::string& address,
                 time_point now) {
  return !state.friends.contains(address)
         && state.strangers.kept_out(address, now);
}

void note(listener_state& state, const stranger_broke& what, time_point now) {
  if (state.friends.contains(what.address))
    return;
  const auto wait = state.strangers.note(what.address, now);
  logger().warn("whoever came from {} broke the protocol and is kept out for"
                " {} s: {}",
                what.address,
                std::chrono::duration_cast<std::chrono::seconds>(wait).count(),
                what.why.message);
}

void spare(listener_state& state, const friend_came& what) {
  if (state.friends.size() >= friends_most)
    state.friends.clear();
  state.friends.insert(what.address);
  state.strangers.forgive(what.address);
}

} // namespace

caf::behavior
listener(caf::stateful_actor<listener_state, caf::io::broker>* self,
         listener_setup setup) {
  self->state.strangers = offenders{setup.offences};
  self->set_down_handler([self](const caf::down_msg& down) {
    std::erase_if(self->state.connections, [&](const caf::actor& one) {
      return one.address() == down.source;
    });
  });
  auto take = [self, setup](const caf::io::new_connection_msg& what) {
    const auto now = self->clock().now();
    if (is_kept_out(self->state, self->remote_addr(what.handle), now)) {
      self->close(what.handle);
      return;
    }
    auto& connections = self->state.connections;
    if (connections.size() >= setup.connections.limits.connection_limit) {
      logger().warn("more than {} connections: one more is refused",
                    connections.size());
      self->close(what.handle);
      return;
    }
    const auto made
      = self->fork(accepted_connection, what.handle, setup.connections);
    self->monitor(made);
    connections.insert(made);
  };
  return {
    [self, setup](open_listener) -> caf::result<listening_at> {
      const auto opened = self->add_tcp_doorman(
        setup.port, setup.host.empty() ? nullptr : setup.host.c_str(), true);
      if (!opened)
        return to_error(
          {errc::io, "Cannot listen on "
                       + (setup.host.empty() ? "any address" : setup.host)
                       + ", port " + std::to_string(setup.port)
                       + ": it is in use, or not of this device; choose"
                         " another one with --listen."});
      return listening_at{opened->second};
    },
    take,
    [self](const stranger_broke& what) {
      note(self->state, what, self->clock().now());
    },
    [self](const friend_came& what) { spare(self->state, what); },
    [self](const caf::io::acceptor_closed_msg&) { self->quit(); },
    [self](close_listener) {
      for (const auto& one : self->state.connections)
        self->send_exit(one, caf::exit_reason::user_shutdown);
      self->state.connections.clear();
      self->quit();
    },
  };
}

} // namespace lockstep
