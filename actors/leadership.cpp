#include "actors/leadership.hpp"

#include "actors/errors.hpp"
#include "actors/logging.hpp"

#include <caf/stateful_actor.hpp>

#include <spdlog/fmt/chrono.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace lockstep {

namespace {

/// How long the log may take to store a ballot before this actor gives up.
constexpr auto store_timeout = std::chrono::minutes{1};

} // namespace

void leadership_state::start(self_pointer actor, leadership_setup what) {
  self = actor;
  setup = std::move(what);
  const auto now = self->clock().now();
  // A clock that was set back must not stretch a lease.
  const auto left = std::clamp(
    setup.recovered.lease_end - setup.env.wall(now),
    std::chrono::milliseconds{0},
    std::chrono::ceil<std::chrono::milliseconds>(setup.settings.lease));
  const auto seed = setup.env.seed ^ std::hash<device_id>{}(setup.device);
  machine.emplace(election_setup{
    setup.settings, setup.device, setup.recovered, now + left, setup.members,
    setup.head, seed, setup.members_at, setup.is_of_older_copy, setup.claimed});
  take(machine->start(now));
}

void leadership_state::take(election_effects list) {
  for (auto& each : list)
    waiting.push_back(std::move(each));
  perform_waiting();
  arm();
}

void leadership_state::perform_waiting() {
  while (!storing && !waiting.empty()) {
    const auto next = std::move(waiting.front());
    waiting.pop_front();
    std::visit([this](const auto& what) { perform(what); }, next);
  }
}

void leadership_state::perform_checked(const send_to_peer& what) {
  storing = true;
  self->request(setup.log, store_timeout, read_head{})
    .then(
      [this, what](const log_head& head) {
        storing = false;
        if (!(*what.unless_beyond < head.position))
          perform(send_to_peer{what.to, what.message});
        take(machine->head_changed(head.position, self->clock().now()));
      },
      [this](const caf::error& error) { self->quit(error); });
}

void leadership_state::perform(const send_to_peer& what) {
  if (what.unless_beyond)
    return perform_checked(what);
  const auto peer = peers.find(what.to);
  if (peer == peers.end())
    return;
  self->send(peer->second,
             envelope{setup.library, what.message,
                      setup.env.unix_ms(self->clock().now(), clock_ahead)});
}

void leadership_state::perform(const persist_leadership& what) {
  storing = true;
  // Not `await`: it would also hold up a kill until the disk has answered.
  self
    ->request(setup.log, store_timeout,
              store_leadership{{what.current, what.vote, what.leader,
                                to_wall(what.lease_until)}})
    .then(
      [this, what](const done&) {
        storing = false;
        // Told while the next is on its way to the disk.
        if (what.current == announced.ballot)
          announced.lease_end = to_wall(what.lease_until);
        perform_waiting();
      },
      [this](const caf::error& error) {
        logger().error("leadership library={} cannot store its ballot: {}",
                       to_string(setup.library), to_failure(error).message);
        self->quit(error);
      });
}

void leadership_state::perform(const announce_leadership& what) {
  announced = to_view(what.now);
  logger().info("leadership library={} device={} role={} term={} leader={} "
                "alone={} lacks_majority={}",
                to_string(setup.library), to_string(setup.device),
                to_string(announced.role), to_string(announced.ballot.term),
                to_string(announced.leader), announced.alone,
                announced.lacks_majority);
  for (const auto& watcher : watchers)
    self->send(watcher, role_changed{announced});
  publish(leadership_changed{announced});
}

void leadership_state::publish(event_body what) const {
  self->send(setup.events, event{setup.library, std::move(what)});
}

void leadership_state::perform(const answer_request& what) {
  if (auto end = ending.extract(what.request)) {
    end.mapped().deliver(done{});
    self->quit();
  } else if (auto asker = asked.extract(what.request)) {
    if (what.outcome == errc::none)
      asker.mapped().deliver(now_seen());
    else
      asker.mapped().deliver(to_error(explain(what.outcome)));
  }
}

void leadership_state::arm() {
  const auto due = machine->deadline();
  if (due == armed)
    return;
  armed = due;
  ++generation;
  if (due)
    self->delayed_send(self,
                       std::max(*due - self->clock().now(), duration::zero()),
                       leadership_tick{generation});
}

void leadership_state::hear(const from_peer& what) {
  const auto now = self->clock().now();
  std::visit(
    [&](const auto& message) {
      if constexpr (requires { machine->on(what.device, message, now); })
        take(machine->on(what.device, message, now));
    },
    what.message);
}

void leadership_state::tick(const leadership_tick& what) {
  if (what.generation != generation)
    return;
  armed.reset();
  take(machine->on_tick(self->clock().now()));
}

void leadership_state::watch(const role_watcher& watcher) {
  self->monitor(watcher);
  watchers.push_back(watcher);
  self->send(watcher, role_changed{announced});
}

void leadership_state::forget(const caf::actor_addr& watcher) {
  std::erase_if(watchers, [&](const role_watcher& each) {
    return each.address() == watcher;
  });
}

leadership_view leadership_state::now_seen() const {
  // What is not stored yet has not happened; only the lease moves silently.
  auto result = announced;
  const auto seen = machine->view();
  if (!storing && seen.ballot == result.ballot)
    result.lease_end = to_wall(seen.lease_until);
  return result;
}

caf::typed_response_promise<leadership_view>
leadership_state::expect(election_request request) {
  auto promise = self->make_response_promise<leadership_view>();
  asked.emplace(request, promise);
  return promise;
}

caf::typed_response_promise<done>
leadership_state::expect_end(election_request request) {
  auto promise = self->make_response_promise<done>();
  ending.emplace(request, promise);
  return promise;
}

wall_time leadership_state::to_wall(time_point at) const {
  const auto now = self->clock().now();
  return setup.env.wall(now)
         + std::chrono::floor<std::chrono::milliseconds>(at - now);
}

leadership_view leadership_state::to_view(const election_view& what) const {
  return {what.role,   what.ballot,
          what.leader, to_wall(what.lease_until),
          what.alone,  what.lacks_majority};
}

failure leadership_state::explain(errc code) const {
  switch (code) {
    case errc::not_leader: {
      const auto now = now_seen();
      if (now.lacks_majority)
        return {code, "A leader needs a majority of the members, and this"
                      " device does not reach one; try again when more are"
                      " connected."};
      if (now.leader.is_nil())
        return {code, "No leader is known; try again in a moment."};
      return {code,
              fmt::format("Device {} leads; its lease ends at {}.",
                          to_string(now.leader), to_string(now.lease_end))};
    }
    case errc::invalid_argument:
      return {code, "This device may not lead; set leadership.priority to 0 "
                    "or more, or make it a member."};
    case errc::not_member:
      return {code, "That device is not a member of the library."};
    case errc::not_found:
      return {code, "That device is not connected; try again when it is."};
    case errc::timed_out:
      return {code, "The device did not take over in time; try again when it "
                    "has caught up."};
    case errc::busy:
      return {code, "The leadership is being moved already; try again later."};
    default:
      return {code, "The library is closing on this device."};
  }
}

leadership_actor::behavior_type
leadership(leadership_actor::stateful_pointer<leadership_state> self,
           leadership_setup setup) {
  auto& state = self->state;
  state.start(self, std::move(setup));
  self->set_down_handler(
    [&state](const caf::down_msg& down) { state.forget(down.source); });
  const auto now = [self] {
    return self->clock().now();
  };
  return {
    [&state, now](const peer_up& what) {
      state.peers[what.device] = what.peer;
      state.publish(peer_connected{what.device});
      state.take(state.machine->peer_up(what.device, now()));
    },
    [&state, now](const peer_down& what) {
      state.peers.erase(what.device);
      state.publish(peer_disconnected{what.device});
      state.take(state.machine->peer_down(what.device, now()));
    },
    [&state](const from_peer& what) { state.hear(what); },
    [&state](const watch_role& what) { state.watch(what.watcher); },
    [&state, now](const log_head& what) {
      state.take(state.machine->head_changed(what.position, now()));
    },
    [&state, now](const members_changed& what) {
      state.take(state.machine->on(what, now()));
    },
    [&state](const stable_advanced& what) {
      state.machine->stable_changed(what.stable);
    },
    [&state](const majority_advanced& what) {
      state.machine->majority_changed(what.through);
    },
    [&state](const vacuum_bound_moved& what) {
      state.machine->vacuum_bound_changed(what.now);
    },
    [&state](const clock_corrected& what) { state.clock_ahead = what.by; },
    [&state](read_leader) { return state.now_seen(); },
    [&state, now](request_leadership) {
      const auto request = state.next_request++;
      auto promise = state.expect(request);
      state.take(state.machine->request_leadership(request, now()));
      return promise;
    },
    [&state, now](const transfer_leadership& what) {
      const auto request = state.next_request++;
      auto promise = state.expect(request);
      state.take(state.machine->transfer(request, what.to, now()));
      return promise;
    },
    [&state, now](step_down) {
      const auto request = state.next_request++;
      auto promise = state.expect_end(request);
      state.take(state.machine->step_down(request, now()));
      return promise;
    },
    [&state](const leadership_tick& what) {
      state.tick(what);
    }};
}

} // namespace lockstep
