#include "protocol/leader_feed.hpp"

#include <algorithm>

namespace lockstep {

void leader_feed::start(time_point now, replication_effects& out) {
  stop();
  for (auto device : context_.up)
    consider(device, now, out);
}

void leader_feed::stop() {
  followers_.clear();
  silent_.clear();
  acknowledged_.clear();
  group_.reset();
}

void leader_feed::on_own_log(log_position follows,
                             std::shared_ptr<const std::vector<entry>> list,
                             time_point now, replication_effects& out) {
  group_follows_ = follows;
  group_ = std::move(list);
  for (auto device : context_.up)
    consider(device, now, out);
}

void leader_feed::on_acknowledge(device_id from, log_position through,
                                 time_point now, replication_effects& out) {
  if (through > context_.head)
    return;
  auto& known = acknowledged_[from];
  auto news = through > known;
  known = std::max(known, through);
  auto found = followers_.find(from);
  if (found != followers_.end()) {
    auto& state = found->second;
    if (state.notified && known >= *state.notified) {
      state = {};
    } else if (state.notified && news) {
      // It is on its way; no need to remind it soon.
      state.attempts = 0;
      state.retry_at = now + context_.backoff(0);
    }
  }
  consider(from, now, out);
}

std::optional<sequence_number> leader_feed::held_by(device_id device) const {
  const auto known = acknowledged_.find(device);
  return known == acknowledged_.end() ? std::nullopt
                                      : std::optional{known->second.sequence};
}

void leader_feed::on_peer_up(device_id device, time_point now) {
  // The greeting should bring it to speak; this is for a lost greeting.
  auto& state = followers_[device];
  state.notified = context_.head;
  state.attempts = 1;
  state.retry_at = now + context_.backoff(0);
  silent_.insert(device);
}

void leader_feed::on_peer_down(device_id device) {
  silent_.erase(device);
  followers_.erase(device);
}

void leader_feed::on_greeting(device_id device, time_point now,
                              replication_effects& out) {
  if (silent_.erase(device) != 0)
    followers_.erase(device);
  consider(device, now, out);
}

void leader_feed::on_members(time_point now, replication_effects& out) {
  for (auto device : context_.up)
    consider(device, now, out);
}

void leader_feed::on_tick(time_point now, replication_effects& out) {
  for (auto& [device, state] : followers_) {
    if (!state.retry_at || now < *state.retry_at)
      continue;
    if (context_.is_up(device) && context_.is_member(device))
      notify(device, state, now, out);
    else
      state = {};
  }
}

std::optional<time_point> leader_feed::deadline() const {
  std::optional<time_point> result;
  for (const auto& [device, state] : followers_)
    if (state.retry_at && (!result || *state.retry_at < *result))
      result = state.retry_at;
  return result;
}

sequence_number leader_feed::held_by_all() const {
  return held_by_all_but({});
}

sequence_number leader_feed::held_by_all_but_stale() const {
  return held_by_all_but(context_.stale);
}

sequence_number
leader_feed::held_by_all_but(const std::set<device_id>& left_out) const {
  if (!context_.is_member(context_.self))
    return {};
  auto by_members = context_.head.sequence;
  auto by_removed = by_members;
  for (const auto& [device, removed] : context_.members) {
    if (device == context_.self || left_out.contains(device))
      continue;
    auto& result = removed ? by_removed : by_members;
    result = std::min(result, held_by(device).value_or(sequence_number{}));
  }
  // Who was removed counts until all others know: they may follow it until
  // then, and yield their logs to it.
  return by_members < context_.members_at ? std::min(by_members, by_removed)
                                          : by_members;
}

sequence_number leader_feed::held_by_majority() const {
  const auto held
    = context_.majority.reached<log_position>([this](device_id device) {
        if (device == context_.self)
          return context_.head;
        const auto found = acknowledged_.find(device);
        return found == acknowledged_.end() ? log_position{} : found->second;
      });
  return held.ballot == context_.view.ballot ? held.sequence
                                             : sequence_number{};
}

void leader_feed::announce(sequence_number reached,
                           replication_effects& out) const {
  if (reached != context_.head.sequence)
    return;
  for (auto device : context_.up)
    if (context_.is_member(device))
      out.push_back(replication_send{device, news()});
}

new_entries leader_feed::news() const {
  return {context_.view.ballot, context_.head,  {}, context_.stable, {},
          context_.held,        context_.vacuum};
}

void leader_feed::consider(device_id device, time_point now,
                           replication_effects& out) {
  if (!context_.is_up(device) || !context_.is_member(device))
    return;
  auto& state = followers_[device];
  if (state.notified)
    return;
  auto known = acknowledged_.find(device);
  if (known != acknowledged_.end() && known->second >= context_.head)
    return;
  notify(device, state, now, out);
}

void leader_feed::notify(device_id device, follower& to, time_point now,
                         replication_effects& out) {
  auto told = news();
  auto known = acknowledged_.find(device);
  // A reminder goes bare: the follower asks for what it lacks.
  if (to.attempts == 0 && known != acknowledged_.end()
      && fits_inline(known->second)) {
    told.follows = group_follows_;
    told.inline_entries = *group_;
  }
  to.notified = context_.head;
  to.retry_at = now + context_.backoff(to.attempts);
  to.attempts = std::min(to.attempts + 1, 32U);
  out.push_back(replication_send{device, std::move(told)});
}

bool leader_feed::fits_inline(log_position follows) const {
  if (!group_ || group_->empty() || follows != group_follows_
      || group_->size() > context_.settings.inline_limit
      || group_->back().position() != context_.head)
    return false;
  std::size_t bytes = 0;
  for (const auto& e : *group_)
    bytes += e.data.size();
  return bytes <= context_.settings.inline_bytes_limit;
}

} // namespace lockstep
