#include "protocol/replication.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

replication_machine::replication_machine(replication_start start)
  : pull_(context_, start.is_fetching_anew), proposer_(context_),
    feed_(context_), intake_(context_) {
  context_.self = start.self;
  context_.device_name = std::move(start.device_name);
  context_.settings = start.settings;
  context_.head = start.head;
  take_members(start.members, start.members_at);
  context_.random_state = start.seed;
  context_.mode = start.mode;
  first_sync_ = start.first_sync;
}

void replication_machine::take_members(const std::vector<member>& members,
                                       std::optional<sequence_number> at) {
  context_.majority.set_members(members, at);
  context_.members_at = at.value_or(sequence_number{});
  context_.members.clear();
  for (const auto& m : members)
    context_.members[m.device] = m.removed;
  context_.lacks_members
    = std::any_of(members.begin(), members.end(), [](const member& one) {
        return one.given_back && !one.removed;
      });
}

replication_effects replication_machine::on_role(const leadership_view& view,
                                                 time_point now) {
  replication_effects out;
  auto before = std::exchange(context_.view, view);
  if (before.role == view.role && before.ballot == view.ballot
      && before.leader == view.leader)
    return out;
  announced_stable_ = announced_held_ = {};
  announced_vacuum_ = {};
  answered_.clear();
  intake_.restart();
  proposer_.restart();
  pull_.restart(now, out);
  if (context_.leads())
    feed_.start(now, out);
  else
    feed_.stop();
  finish(out);
  return out;
}

replication_effects
replication_machine::on_members(const std::vector<member>& members,
                                time_point now,
                                std::optional<sequence_number> at) {
  replication_effects out;
  const bool lacked = context_.lacks_members;
  take_members(members, at);
  if (context_.leads())
    feed_.on_members(now, out);
  else if (lacked && !context_.lacks_members)
    pull_.on_all_named(out);
  finish(out);
  return out;
}

replication_effects replication_machine::on_peer_up(device_id device,
                                                    time_point now) {
  replication_effects out;
  context_.up.insert(device);
  if (!context_.is_removed(device))
    out.push_back(replication_send{device, greeting<hello>()});
  if (context_.leads())
    feed_.on_peer_up(device, now);
  if (device == context_.view.leader)
    proposer_.restart();
  pull_.on_peer_up(device, now, out);
  finish(out);
  return out;
}

replication_effects replication_machine::on_peer_down(device_id device,
                                                      time_point now) {
  replication_effects out;
  context_.up.erase(device);
  answered_.erase(device);
  feed_.on_peer_down(device);
  intake_.on_peer_down(device);
  if (auto found = serving_.find(device); found != serving_.end())
    found->second.reset();
  if (device == context_.view.leader)
    proposer_.restart();
  pull_.on_peer_down(device, now, out);
  finish(out);
  return out;
}

replication_effects replication_machine::on_message(device_id from,
                                                    const peer_message& message,
                                                    time_point now) {
  replication_effects out;
  if (std::holds_alternative<not_member>(message))
    refused_by_.insert(from);
  else
    refused_by_.erase(from);
  // The end of a membership is the end of the talk, but what a removed device
  // had accepted before is the library's to judge.
  if (context_.is_removed(from) && !std::holds_alternative<propose>(message))
    return out;
  std::visit([&](const auto& what) { receive(from, what, now, out); }, message);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_log_advanced(const log_advanced& news, time_point now) {
  replication_effects out;
  if (context_.leads()) {
    context_.head = news.head.position;
    feed_.on_own_log(news.follows, news.list, now, out);
  } else {
    pull_.on_own_log(news.head.position, now, out);
  }
  finish(out);
  return out;
}

replication_effects
replication_machine::on_pending_advanced(device_sequence_number last,
                                         time_point) {
  replication_effects out;
  proposer_.on_pending_advanced(last);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_stale(const std::set<device_id>& silent, time_point) {
  replication_effects out;
  context_.stale = silent;
  finish(out);
  return out;
}

replication_effects replication_machine::on_tick(time_point now) {
  replication_effects out;
  pull_.on_tick(now, out);
  proposer_.on_tick(now);
  if (context_.leads())
    feed_.on_tick(now, out);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_applied(const expected<log_head>& result,
                                time_point now) {
  replication_effects out;
  pull_.on_applied(result, now, out);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_yielded(const expected<log_head>& result,
                                time_point now) {
  replication_effects out;
  // What was cut is pending again, before all that is pending already.
  proposer_.restart();
  pull_.on_yielded(result, now, out);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_match(const expected<log_position>& result,
                              time_point now) {
  replication_effects out;
  pull_.on_match(result, now, out);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_served(const replication_serve& asked,
                               expected<served_entries> result,
                               time_point now) {
  replication_effects out;
  auto next = std::move(serving_.extract(asked.to).mapped());
  // Entries read before a change of ballot may have been cut since.
  if (result && is_current(asked.under) && confirmed()
      && context_.is_up(asked.to) && context_.is_member(asked.to)) {
    const auto& since = asked.request.since;
    if (result->matches) {
      answered_[asked.to]
        = {since, now + travel_time(image_bytes(result->list))};
      out.push_back(replication_send{
        asked.to,
        entries{asked.under, since, std::move(result->list), result->head,
                std::move(result->accepted), result->forgotten}});
    } else {
      out.push_back(replication_send{
        asked.to, sync_required{asked.under, since, result->try_at,
                                result->vacuumed_through}});
    }
  }
  if (next)
    receive(asked.to, *next, now, out);
  finish(out);
  return out;
}

replication_effects
replication_machine::on_pending(const expected<pending_batch>& result,
                                time_point now) {
  replication_effects out;
  proposer_.on_pending(result, now, out);
  finish(out);
  return out;
}

replication_effects replication_machine::on_sequenced(
  device_id from, const expected<operations_sequenced>& result, time_point) {
  replication_effects out;
  intake_.on_sequenced(from, result, out);
  finish(out);
  return out;
}

replication_view replication_machine::view() const {
  replication_view found;
  const auto leader_head = pull_.leader_head();
  if (context_.leads()) {
    found.in_step = true;
    found.leader_sequence = context_.head.sequence;
  } else if (context_.follows() && leader_head) {
    found.in_step = pull_.confirmed() && context_.head >= *leader_head;
    found.leader_sequence = leader_head->sequence;
  }
  for (const auto& [device, removed] : context_.members) {
    if (removed || device == context_.self)
      continue;
    auto& one = found.peers.emplace_back();
    one.device = device;
    one.connected = context_.is_up(device);
    one.refuses = refused_by_.contains(device);
    if (context_.leads())
      one.acknowledged = feed_.held_by(device);
    else if (device == context_.view.leader)
      one.acknowledged = found.leader_sequence;
  }
  return found;
}

std::optional<time_point> replication_machine::deadline() const {
  std::optional<time_point> result;
  for (auto at : {pull_.deadline(), proposer_.deadline(), feed_.deadline()})
    if (at && (!result || *at < *result))
      result = at;
  return result;
}

bool replication_machine::is_my_leader(device_id from,
                                       const ballot& under) const {
  return context_.follows() && from == context_.view.leader
         && is_current(under);
}

bool replication_machine::is_current(const ballot& under) const {
  return under == context_.view.ballot;
}

template <class Greeting> Greeting replication_machine::greeting() const {
  Greeting result;
  result.device_name = context_.device_name;
  result.ballot = context_.view.ballot;
  result.leader = context_.view.leader;
  result.head = context_.head;
  return result;
}

template hello replication_machine::greeting<hello>() const;
template welcome replication_machine::greeting<welcome>() const;

void replication_machine::finish(replication_effects& out) {
  raise_held(out);
  raise_stable(out);
  tell_first_sync(out);
  move_vacuum_bound(out);
  auto ready = context_.follows() && context_.is_up(context_.view.leader)
               && pull_.caught_up();
  proposer_.consider(ready, out);
}

void replication_machine::tell_first_sync(replication_effects& out) {
  const auto target = pull_.target();
  if (!first_sync_ || !context_.follows() || !target)
    return;
  const first_sync_target now{target->sequence, pull_.caught_up()};
  if (now == told_target_)
    return;
  told_target_ = now;
  first_sync_ = !now.reached;
  out.push_back(now);
}

void replication_machine::raise_held(replication_effects& out) {
  if (!context_.needs_majority())
    return;
  auto held = context_.held;
  if (context_.leads())
    held = feed_.held_by_majority();
  else if (pull_.confirmed())
    held = std::min(announced_held_, context_.head.sequence);
  if (held <= context_.held)
    return;
  context_.held = held;
  context_.majority.settle(held);
  out.push_back(majority_advanced{held});
  if (context_.leads())
    feed_.announce(context_.held, out);
}

void replication_machine::raise_stable(replication_effects& out) {
  auto stable = context_.stable;
  if (context_.leads())
    stable = feed_.held_by_all();
  else if (pull_.confirmed())
    stable = std::min(announced_stable_, context_.head.sequence);
  if (stable <= context_.stable)
    return;
  context_.stable = stable;
  out.push_back(stable_advanced{stable});
  if (context_.leads())
    feed_.announce(context_.stable, out);
}

void replication_machine::move_vacuum_bound(replication_effects& out) {
  // In doubt, nothing.
  vacuum_bounds now;
  if (context_.leads()) {
    now = {feed_.held_by_all_but_stale(), feed_.held_by_all()};
  } else if (pull_.confirmed()) {
    const auto end = context_.head.sequence;
    now = {std::min(announced_vacuum_.through, end),
           std::min(announced_vacuum_.forget_through, end)};
  }
  if (now == context_.vacuum)
    return;
  context_.vacuum = now;
  out.push_back(vacuum_bound_moved{now});
}

void replication_machine::announced(sequence_number stable,
                                    sequence_number held,
                                    const vacuum_bounds& vacuum) {
  announced_stable_ = std::max(announced_stable_, stable);
  announced_held_ = std::max(announced_held_, held);
  announced_vacuum_ = vacuum;
}

} // namespace lockstep
