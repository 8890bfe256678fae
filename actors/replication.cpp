#include "actors/replication.hpp"

#include "actors/errors.hpp"
#include "actors/logging.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace lockstep {

namespace {

/// How long library and log may take. Long, because an answer that is given up
/// leaves open what was done; the machine then reads the log's end anew.
constexpr auto answer_timeout = std::chrono::minutes{2};

/// How often the library hears the leader's time.
constexpr auto time_pause = std::chrono::seconds{1};

/// Refusals that belong to a change of leadership.
bool is_ordinary(errc code) {
  return code == errc::stale_ballot || code == errc::not_leader
         || code == errc::busy || code == errc::closed;
}

} // namespace

void replication_state::start(self_pointer actor, replication_setup what) {
  self = actor;
  setup = std::move(what);
  told = setup.head.position;
  const auto seed = setup.env.seed ^ std::hash<device_id>{}(setup.device)
                    ^ std::hash<library_id>{}(setup.library);
  machine = std::make_unique<replication_machine>(replication_start{
    setup.device, setup.device_name, setup.settings, setup.head.position,
    setup.members, seed, setup.members_at, setup.mode, setup.first_sync,
    setup.is_fetching_anew});
  const auto now = self->clock().now();
  silence.emplace(
    setup.device,
    std::chrono::duration_cast<std::chrono::milliseconds>(setup.stale_after),
    setup.progress, setup.env.wall(now), setup.env.uptime(now));
  follow_members(setup.members);
  if (setup.stale_after != duration::zero())
    self->delayed_send(self, silence->pause(), silence_tick{});
  self->send(setup.leadership,
             watch_role{caf::actor_cast<replication_actor>(self)});
}

void replication_state::take(replication_effects list) {
  for (const auto& each : list)
    std::visit([this](const auto& what) { perform(what); }, each);
  tell_head();
  arm();
}

void replication_state::close() {
  peers.clear();
  ++generation;
  setup.applier = nullptr;
  setup.log = nullptr;
  setup.leadership = nullptr;
}

void replication_state::perform(const replication_send& what) {
  const auto peer = peers.find(what.to);
  if (peer != peers.end())
    self->send(peer->second,
               envelope{setup.library, what.message,
                        setup.env.unix_ms(self->clock().now(), clock_ahead)});
}

void replication_state::hear(const from_peer& what) {
  const auto now = self->clock().now();
  heard_at[what.device] = now;
  if (silence->hear(what.device))
    take(machine->on_stale(silence->stale(), now));
  // Before the machine proposes anything on the strength of the message.
  if (what.unix_ms != 0 && what.device == machine->leader()
      && (!told_time || now - *told_time >= time_pause)) {
    const bool is_first = !told_time;
    told_time = now;
    self->send(setup.applier,
               leader_time{wall_time{std::chrono::milliseconds{
                             static_cast<std::int64_t>(what.unix_ms)}},
                           setup.env.wall(now), setup.env.uptime(now),
                           is_first});
  }
  take(machine->on_message(what.device, what.message, now));
}

void replication_state::follow_members(const std::vector<member>& members) {
  std::set<device_id> others;
  for (const auto& one : members)
    if (!one.removed && one.device != setup.device)
      others.insert(one.device);
  silence->set_members(others);
}

void replication_state::look_for_silence() {
  if (!setup.log)
    return;
  self->delayed_send(self, silence->pause(), silence_tick{});
  const auto now = self->clock().now();
  std::set<device_id> connected;
  for (const auto& [device, peer] : peers)
    connected.insert(device);
  silence->pass(setup.env.uptime(now), connected);
  take(machine->on_stale(silence->stale(), now));
  if (auto list = silence->to_keep(setup.env.wall(now)); !list.empty())
    self->send(setup.log, store_progress{std::move(list)});
}

replication_view replication_state::view() const {
  auto found = machine->view();
  for (auto& one : found.peers)
    if (const auto at = heard_at.find(one.device); at != heard_at.end())
      one.last_contact = setup.env.wall(at->second);
  return found;
}

void replication_state::perform(const replication_serve& what) {
  ask<served_entries>(
    setup.log, what.request, "read for a peer",
    [this, what](expected<served_entries> result) {
      if (result && !result->list.empty())
        logger().debug(
          "replication library={} sends entries {} to {} to"
          " {}",
          to_string(setup.library), to_string(result->list.front().sequence),
          to_string(result->list.back().sequence), to_string(what.to));
      return machine->on_served(what, std::move(result), self->clock().now());
    });
}

void replication_state::perform(const apply_entries& what) {
  ask<log_head>(setup.applier, what, "apply entries",
                [this](const expected<log_head>& result) {
                  return machine->on_applied(result, self->clock().now());
                });
}

void replication_state::perform(const yield_log& what) {
  logger().info("replication library={} device={} yields its log after {} to "
                "the leader of term {}",
                to_string(setup.library), to_string(setup.device),
                to_string(what.keep), to_string(what.under.term));
  ask<log_head>(setup.applier, what, "yield the log",
                [this](const expected<log_head>& result) {
                  return machine->on_yielded(result, self->clock().now());
                });
}

void replication_state::perform(const find_match& what) {
  ask<log_position>(setup.log, what, "search the log",
                    [this](const expected<log_position>& result) {
                      return machine->on_match(result, self->clock().now());
                    });
}

void replication_state::perform(const fetch_pending& what) {
  ask<pending_batch>(setup.applier, what, "read pending operations",
                     [this](const expected<pending_batch>& result) {
                       return machine->on_pending(result, self->clock().now());
                     });
}

void replication_state::perform(const sequence_operations& what) {
  ask<operations_sequenced>(
    setup.applier, what, "sequence proposals",
    [this, from = what.from](const expected<operations_sequenced>& result) {
      return machine->on_sequenced(from, result, self->clock().now());
    });
}

void replication_state::perform(const stable_advanced& what) {
  self->send(setup.applier, what);
  self->send(setup.leadership, what);
}

void replication_state::perform(const vacuum_bound_moved& what) {
  self->send(setup.applier, what);
  self->send(setup.leadership, what);
}

void replication_state::perform(const majority_advanced& what) {
  self->send(setup.applier, what);
  self->send(setup.leadership, what);
}

void replication_state::perform(const first_sync_target& what) {
  self->send(setup.applier, what);
}

template <class Answer, class Actor, class Request, class Next>
void replication_state::ask(const Actor& whom, const Request& request,
                            std::string_view doing, Next next) {
  self->request(whom, answer_timeout, request)
    .then(
      [this, doing, next](const Answer& answer) {
        note(doing, nullptr);
        take(next(expected<Answer>{answer}));
      },
      [this, doing, next](const caf::error& error) {
        const auto why = to_failure(error);
        note(doing, &why);
        take(next(expected<Answer>{tl::make_unexpected(why)}));
      });
}

void replication_state::tell_head() {
  if (!setup.leadership || machine->head() == told)
    return;
  told = machine->head();
  // Elections compare positions; the chain value is not known here.
  self->send(setup.leadership, log_head{told, 0});
}

void replication_state::arm() {
  const auto due = machine->deadline();
  if (due == armed)
    return;
  armed = due;
  ++generation;
  if (due)
    self->delayed_send(self,
                       std::max(*due - self->clock().now(), duration::zero()),
                       replication_tick{generation});
}

void replication_state::note(std::string_view doing, const failure* why) {
  if (why == nullptr) {
    failing.erase(doing);
    return;
  }
  const auto before = std::exchange(failing[doing], why->code);
  const auto level = before == why->code || is_ordinary(why->code)
                       ? spdlog::level::debug
                       : spdlog::level::err;
  logger().log(level, "replication library={} cannot {}: {} ({})",
               to_string(setup.library), doing, why->message,
               to_string(why->code));
}

replication_actor::behavior_type
replication(replication_actor::stateful_pointer<replication_state> self,
            replication_setup setup) {
  auto& state = self->state;
  state.start(self, std::move(setup));
  const auto now = [self] {
    return self->clock().now();
  };
  return {
    [&state, now](const peer_up& what) {
      state.peers[what.device] = what.peer;
      state.told_time.reset();
      state.take(state.machine->on_peer_up(what.device, now()));
    },
    [&state, now](const peer_down& what) {
      state.peers.erase(what.device);
      state.take(state.machine->on_peer_down(what.device, now()));
    },
    [&state](const from_peer& what) { state.hear(what); },
    [&state](const clock_corrected& what) { state.clock_ahead = what.by; },
    [&state, now](const role_changed& what) {
      state.told_time.reset();
      state.take(state.machine->on_role(what.now, now()));
    },
    [&state, now](const log_advanced& what) {
      state.take(state.machine->on_log_advanced(what, now()));
    },
    [&state, now](const pending_advanced& what) {
      state.take(state.machine->on_pending_advanced(what.last, now()));
    },
    [&state](silence_tick) { state.look_for_silence(); },
    [&state, now](const members_changed& what) {
      state.follow_members(what.members);
      state.take(state.machine->on_members(what.members, now(), what.at));
    },
    [&state](read_replication) { return state.view(); },
    [&state, self](close_library) {
      state.close();
      self->quit();
      return done{};
    },
    [&state, now](const replication_tick& what) {
      if (what.generation != state.generation)
        return;
      state.armed.reset();
      state.take(state.machine->on_tick(now()));
    }};
}

} // namespace lockstep
