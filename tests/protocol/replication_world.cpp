#include "tests/protocol/replication_world.hpp"

#include <algorithm>

namespace lockstep::testing {

using namespace std::chrono_literals;

// -- the library ---------------------------------------------------------

log_position toy_library::at_or_before(log_position at) const {
  for (auto i = log.rbegin(); i != log.rend(); ++i)
    if (i->sequence <= at.sequence && i->ballot <= at.ballot)
      return i->position();
  return {};
}

served_entries toy_library::serve(const serve_entries& wish) const {
  served_entries result;
  result.head = head().position;
  auto size = std::min<std::uint64_t>(wish.since.sequence.value, log.size());
  result.matches = wish.since == log_position{};
  if (size > 0 && size == wish.since.sequence.value)
    result.matches = log[size - 1].position() == wish.since;
  if (!result.matches) {
    result.try_at = at_or_before(wish.since);
    return result;
  }
  auto last = std::min<std::uint64_t>(log.size(), size + wish.limit);
  result.list.assign(log.begin() + static_cast<std::ptrdiff_t>(size),
                     log.begin() + static_cast<std::ptrdiff_t>(last));
  return result;
}

expected<log_head> toy_library::apply(const apply_entries& wish) {
  if (wish.under < view.ballot || view.role == role::leader)
    return fail(errc::stale_ballot, "older ballot");
  if (wish.follows != head().position)
    return fail(errc::log_conflict, "does not follow");
  log.insert(log.end(), wish.list->begin(), wish.list->end());
  drop_settled();
  return head();
}

expected<log_head> toy_library::yield(const yield_log& wish) {
  if (wish.under < view.ballot || view.role == role::leader)
    return fail(errc::stale_ballot, "older ballot");
  for (auto i = wish.keep.value; i < log.size(); ++i) {
    const auto& e = log[i];
    if (e.device != self_)
      continue;
    operation back;
    back.device = e.device;
    back.device_sequence = back.transaction_end = e.device_sequence;
    pending.push_back(back);
  }
  std::sort(pending.begin(), pending.end(), [](const auto& a, const auto& b) {
    return a.device_sequence < b.device_sequence;
  });
  log.resize(wish.keep.value);
  return head();
}

expected<operations_sequenced>
toy_library::sequence(const sequence_operations& wish) {
  if (view.role != role::leader || wish.under != view.ballot)
    return fail(errc::not_leader, "does not lead");
  for (const auto& o : *wish.list)
    if (!holds(o))
      append(o);
  return operations_sequenced{wish.list->back().device_sequence};
}

pending_batch toy_library::read_pending(const fetch_pending& wish) const {
  pending_batch result;
  for (const auto& o : pending)
    if (o.device_sequence > wish.after && result.list.size() < wish.limit)
      result.list.push_back(o);
  return result;
}

void toy_library::commit() {
  operation o;
  o.device = self_;
  o.device_sequence = o.transaction_end
    = device_sequence_number{++accepted_here};
  if (view.role == role::leader)
    append(o);
  else
    pending.push_back(o);
}

void toy_library::on_role(const leadership_view& now) {
  view = now;
  if (view.role != role::leader)
    return;
  for (const auto& o : std::exchange(pending, {}))
    append(o);
}

void toy_library::append(const operation& what) {
  entry e;
  e.sequence = head().position.sequence + 1;
  e.ballot = view.ballot;
  e.device = what.device;
  e.device_sequence = what.device_sequence;
  e.transaction_end = e.sequence;
  log.push_back(e);
}

bool toy_library::holds(const operation& what) const {
  return std::any_of(log.begin(), log.end(), [&](const entry& e) {
    return e.device == what.device && e.device_sequence == what.device_sequence;
  });
}

void toy_library::drop_settled() {
  auto settled = [this](const operation& o) {
    return holds(o);
  };
  pending.erase(std::remove_if(pending.begin(), pending.end(), settled),
                pending.end());
}

// -- the fleet -----------------------------------------------------------

replication_world::replication_world(std::uint64_t seed, std::uint8_t devices)
  : random_(seed) {
  for (std::uint8_t i = 0; i < devices; ++i)
    nodes_.push_back(std::make_unique<node>(device(i)));
  for (std::uint8_t i = 0; i < devices; ++i)
    start(i);
}

void replication_world::start(std::uint8_t index) {
  auto& self = *nodes_[index];
  ++self.life;
  replication_start what;
  what.self = device(index);
  what.head = self.library.head().position;
  what.members = members();
  what.seed = random_();
  what.settings.fetch_limit = 3;
  what.settings.catch_up_limit = 7;
  what.settings.inline_limit = 2;
  what.settings.propose_limit = 2;
  self.machine = std::make_unique<replication_machine>(std::move(what));
  if (!self.library.view.ballot.device.is_nil())
    perform(index, self.machine->on_role(self.library.view, now_));
  for (std::uint8_t other = 0; other < nodes_.size(); ++other) {
    if (other == index || !linked(index, other) || !nodes_[other]->machine)
      continue;
    auto& peer = *nodes_[other]->machine;
    perform(other, peer.on_peer_down(device(index), now_));
    perform(other, peer.on_peer_up(device(index), now_));
    perform(index, self.machine->on_peer_up(device(other), now_));
  }
}

void replication_world::heartbeat() {
  for (std::uint8_t from = 0; from < size(); ++from) {
    const auto& library = nodes_[from]->library;
    if (library.view.role != role::leader)
      continue;
    for (std::uint8_t to = 0; to < size(); ++to)
      if (to != from)
        send(from, device(to),
             lockstep::heartbeat{library.view.ballot, library.head().position,
                                 nodes_[from]->machine->stable()});
  }
}

void replication_world::restart(std::uint8_t index) {
  start(index);
}

void replication_world::at(time_point when, task what) {
  tasks_.emplace(when, std::move(what));
}

void replication_world::run_for(duration time) {
  auto end = now_ + time;
  for (;;) {
    auto due = tasks_.empty() ? end : tasks_.begin()->first;
    std::optional<std::uint8_t> ticking;
    for (std::uint8_t i = 0; i < nodes_.size(); ++i) {
      auto deadline = nodes_[i]->machine->deadline();
      if (deadline && *deadline < due) {
        due = *deadline;
        ticking = i;
      }
    }
    if (due >= end)
      break;
    now_ = std::max(now_, due);
    if (ticking) {
      perform(*ticking, nodes_[*ticking]->machine->on_tick(now_));
    } else {
      auto what = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      what();
    }
  }
  now_ = end;
}

void replication_world::commit(std::uint8_t index) {
  ask_library(index, [this, index] {
    auto& self = *nodes_[index];
    auto before = self.library.head().position;
    auto count = self.library.log.size();
    self.library.commit();
    if (self.library.log.size() > count)
      tell_log(index, before, 1);
    else
      perform(index,
              self.machine->on_pending_advanced(
                device_sequence_number{self.library.accepted_here}, now_));
  });
}

void replication_world::partition(const std::vector<int>& groups) {
  for (std::uint8_t a = 0; a < size(); ++a)
    for (std::uint8_t b = 0; b < size(); ++b) {
      auto after = groups.at(a) == groups.at(b);
      if (a == b || linked(a, b) == after)
        continue;
      auto& machine = *nodes_[a]->machine;
      perform(a, after ? machine.on_peer_up(device(b), now_)
                       : machine.on_peer_down(device(b), now_));
    }
  for (std::uint8_t a = 0; a < size(); ++a)
    nodes_[a]->group = groups.at(a);
}

void replication_world::elect(bool fresh) {
  std::map<int, std::vector<std::uint8_t>> groups;
  for (std::uint8_t i = 0; i < size(); ++i)
    groups[nodes_[i]->group].push_back(i);
  for (const auto& [group, list] : groups) {
    auto best
      = *std::max_element(list.begin(), list.end(), [&](auto a, auto b) {
          return nodes_[a]->library.head().position
                 < nodes_[b]->library.head().position;
        });
    auto agreed = std::all_of(list.begin(), list.end(), [&, l = list](auto i) {
      const auto& view = nodes_[i]->library.view;
      return view.ballot == nodes_[l.front()]->library.view.ballot
             && !view.leader.is_nil()
             && nodes_[index_of(view.leader)]->group == nodes_[i]->group;
    });
    if (agreed && !fresh)
      continue;
    leadership_view view;
    view.ballot = ballot_of(++term_, device(best));
    view.leader = device(best);
    for (auto i : list) {
      view.role = i == best ? role::leader : role::follower;
      // Library and replication hear of it at different times.
      auto soon = now_ + std::chrono::milliseconds{random(40)};
      at(soon, [this, i, view] {
        if (view.ballot < nodes_[i]->library.view.ballot)
          return;
        ask_library(i, [this, i, view] {
          auto& library = nodes_[i]->library;
          if (view.ballot < library.view.ballot)
            return;
          auto before = library.head().position;
          auto count = library.log.size();
          library.on_role(view);
          if (library.log.size() > count)
            tell_log(i, before, library.log.size() - count);
        });
        perform(i, nodes_[i]->machine->on_role(view, now_));
      });
    }
  }
}

void replication_world::ask_library(std::uint8_t index, task what) {
  auto& self = *nodes_[index];
  auto when = std::max(self.busy_until, now_)
              + std::chrono::microseconds{1 + random(3000)};
  self.busy_until = when;
  at(when, std::move(what));
}

void replication_world::tell_log(std::uint8_t index, log_position before,
                                 std::size_t count) {
  auto& self = *nodes_[index];
  std::vector<entry> list(self.library.log.end()
                            - static_cast<std::ptrdiff_t>(count),
                          self.library.log.end());
  log_advanced news{before, self.library.head(),
                    std::make_shared<const std::vector<entry>>(list)};
  perform(index, self.machine->on_log_advanced(news, now_));
}

void replication_world::perform(std::uint8_t index,
                                replication_effects effects) {
  auto life = nodes_[index]->life;
  for (auto& effect : effects) {
    if (auto* say = std::get_if<replication_send>(&effect)) {
      send(index, say->to, say->message);
      continue;
    }
    if (std::holds_alternative<stable_advanced>(effect)
        || std::holds_alternative<majority_advanced>(effect)
        || std::holds_alternative<first_sync_target>(effect)
        || std::holds_alternative<vacuum_bound_moved>(effect))
      continue;
    ask_library(index, [this, index, life, effect] {
      auto& self = *nodes_[index];
      if (self.life != life)
        return;
      auto& machine = *self.machine;
      auto& library = self.library;
      auto before = library.head().position;
      auto count = library.log.size();
      if (const auto* a = std::get_if<apply_entries>(&effect)) {
        auto result = library.apply(*a);
        if (result)
          tell_log(index, before, library.log.size() - count);
        perform(index, machine.on_applied(result, now_));
      } else if (const auto* y = std::get_if<yield_log>(&effect)) {
        auto result = library.yield(*y);
        if (result)
          tell_log(index, result->position, 0);
        perform(index, machine.on_yielded(result, now_));
      } else if (const auto* m = std::get_if<find_match>(&effect)) {
        perform(index, machine.on_match(library.at_or_before(m->try_at), now_));
      } else if (const auto* s = std::get_if<replication_serve>(&effect)) {
        perform(index, machine.on_served(*s, library.serve(s->request), now_));
      } else if (const auto* f = std::get_if<fetch_pending>(&effect)) {
        perform(index, machine.on_pending(library.read_pending(*f), now_));
      } else if (const auto* q = std::get_if<sequence_operations>(&effect)) {
        auto result = library.sequence(*q);
        if (library.log.size() > count)
          tell_log(index, before, library.log.size() - count);
        perform(index, machine.on_sequenced(q->from, result, now_));
      }
    });
  }
}

void replication_world::send(std::uint8_t from, device_id to,
                             const peer_message& message) {
  ++messages_;
  auto target = index_of(to);
  auto copies = 1 + (random(100) < repeats ? 1 : 0);
  for (int i = 0; i < copies; ++i) {
    if (!linked(from, target) || random(100) < loss)
      continue;
    auto when = now_ + std::chrono::milliseconds{1 + random(30)};
    at(when, [this, from, target, message] {
      if (linked(from, target))
        perform(target, nodes_[target]->machine->on_message(device(from),
                                                            message, now_));
    });
  }
}

bool replication_world::linked(std::uint8_t a, std::uint8_t b) const {
  return nodes_[a]->group == nodes_[b]->group;
}

std::uint8_t replication_world::index_of(device_id id) const {
  return id.bytes[0];
}

std::vector<member> replication_world::members() const {
  std::vector<member> result;
  for (std::uint8_t i = 0; i < nodes_.size(); ++i)
    result.push_back(member{device(i), "", false});
  return result;
}

} // namespace lockstep::testing
