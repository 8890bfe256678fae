#include "protocol/election.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lockstep {

election::election(const election_setup& setup)
  : settings_(setup.settings), self_(setup.self), random_(setup.seed),
    current_(setup.recovered.current), vote_(setup.recovered.vote),
    leader_(setup.recovered.leader),
    lease_until_(setup.lease_until), stored_{current_, vote_, leader_,
                                             lease_until_},
    newest_term_(setup.claimed.value), head_(setup.head),
    is_of_older_copy_(setup.is_of_older_copy) {
  for (const auto& each : setup.members)
    (each.removed ? removed_ : members_).insert(each.device);
  quorum_.set_members(setup.members, setup.members_at);
}

election_effects election::start(time_point now) {
  const auto led = leader_ == self_ && current_.device == self_;
  const auto continues = lease_until_ > now && !needs_majority();
  if (led && (continues || !has_others())) {
    lead(current_, false, now);
  } else if (led && may_claim()) {
    leader_ = {};
    begin_claim(false, now);
  } else {
    if (led)
      leader_ = {};
    claim_at_
      = now + settings_.timeout + random_below(settings_.election_window);
  }
  return finish();
}

election_effects election::on_tick(time_point now) {
  const auto due = deadline();
  if (!due || now < *due)
    return finish();
  if (leaving_) {
    leave();
    return finish();
  }
  switch (role_) {
    case role::leader:
      if (needs_majority() && now >= lease_until_) {
        lose_majority(now);
        break;
      }
      if (now >= next_beat_)
        beat(now);
      continue_transfer(now);
      break;
    case role::candidate:
      end_window(now);
      break;
    case role::follower: {
      if (hears_leader(now)) {
        claim_at_ = *heard_at_ + settings_.timeout;
        break;
      }
      end_transfer(errc::timed_out);
      const bool was_led = !leader_.is_nil();
      leader_ = {};
      claim_at_.reset();
      if (may_ask()
          && ((needs_majority() && !reaches_majority()) || lacks_somebody()))
        claim_at_ = now + settings_.timeout;
      else if (was_led && may_ask() && !may_claim()
               && !peers_.contains(stands_for_))
        // Those that do lead come first.
        claim_at_ = now + settings_.timeout;
      else if (may_ask())
        begin_claim(false, now);
      else if (!is_member(self_) && !removed_.contains(self_))
        ask_for_leader(now);
      break;
    }
  }
  return finish();
}

election_effects election::peer_up(device_id device, time_point now) {
  peers_[device] = {};
  refusals_ = 0;
  if (silent_ || !is_member(device))
    return finish();
  if (role_ == role::leader)
    send_heartbeat(device);
  if (role_ == role::candidate)
    send(device, own_claim());
  if (needs_majority() && role_ == role::follower && leader_.is_nil()
      && claim_at_ && reaches_majority())
    claim_at_
      = std::min(*claim_at_, now + random_below(settings_.election_window));
  return finish();
}

election_effects election::peer_down(device_id device, time_point now) {
  peers_.erase(device);
  if (device == handed_to_)
    leave();
  if (role_ == role::leader && has_others() && reachable().empty())
    alone_ = true;
  if (role_ == role::leader && transfer_ && transfer_->to == device)
    end_transfer(errc::not_found);
  if (role_ == role::candidate)
    win_if_decided(now);
  return finish();
}

election_effects election::on(const members_changed& what, time_point now) {
  quorum_.set_members(what.members, what.at);
  is_of_older_copy_ = what.is_of_older_copy;
  const auto before = members_;
  members_.clear();
  removed_.clear();
  for (const auto& each : what.members)
    (each.removed ? removed_ : members_).insert(each.device);
  if (silent_)
    return finish();
  if (role_ == role::leader) {
    if (removed_.contains(self_)) {
      end_transfer(errc::not_member);
      const auto others = reachable();
      // What it alone holds nobody else could lead without.
      if (needs_majority() && !others.empty()
          && std::ranges::none_of(others, [this](device_id one) {
               return peers_.at(one).head == head_;
             }))
        return finish();
      give_up_leading(others.empty() ? device_id{} : others.back(), now);
      claim_at_.reset();
      return finish();
    }
    if (!has_others())
      alone_ = false;
    for (auto device : reachable())
      if (!before.contains(device))
        send_heartbeat(device);
  } else if (role_ == role::candidate) {
    if (may_ask())
      win_if_decided(now);
    else
      withdraw(now + settings_.timeout);
  } else if (!claim_at_ && may_claim()) {
    claim_at_
      = now + settings_.timeout + random_below(settings_.election_window);
  }
  return finish();
}

election_effects election::head_changed(log_position head, time_point) {
  head_ = head;
  return finish();
}

void election::stable_changed(sequence_number stable) {
  stable_ = stable;
}

void election::vacuum_bound_changed(const vacuum_bounds& now) {
  vacuum_ = now;
}

void election::majority_changed(sequence_number held) {
  held_ = held;
  quorum_.settle(held);
}

election_view election::view() const {
  const auto lacks = needs_majority() && role_ != role::leader
                     && leader_.is_nil() && !reaches_majority();
  return {role_, current_, leader_, lease_until_, alone_, lacks};
}

std::optional<time_point> election::deadline() const {
  if (silent_)
    return std::nullopt;
  if (leaving_)
    return leave_by_;
  switch (role_) {
    case role::leader: {
      auto due = next_beat_;
      if (transfer_)
        due = std::min(due, transfer_->ask_at);
      return needs_majority() ? std::min(due, lease_until_) : due;
    }
    case role::candidate:
      return window_end_;
    case role::follower:
      return claim_at_;
  }
  return std::nullopt;
}

bool election::is_member(device_id device) const {
  return members_.contains(device);
}

bool election::has_others() const {
  return members_.size() > (is_member(self_) ? 1U : 0U);
}

bool election::may_claim() const {
  // Where there is nobody else, somebody must.
  return is_member(self_) && (settings_.priority >= 0 || !has_others());
}

bool election::may_ask() const {
  return may_claim()
         || (is_member(self_)
             && (peers_.contains(stands_for_) || is_needed_as_leader()));
}

bool election::is_needed_as_leader() const {
  return std::ranges::any_of(peers_, [this](const auto& each) {
    return each.second.needs_leader && is_member(each.first);
  });
}

bool election::needs_majority() const {
  return settings_.consistency == consistency::quorum;
}

bool election::reaches_majority() const {
  return quorum_.is_majority([this](device_id device) {
    return device == self_ || peers_.contains(device);
  });
}

bool election::lacks_somebody() const {
  return is_of_older_copy_
         && !std::ranges::all_of(members_, [this](device_id device) {
              return device == self_ || peers_.contains(device);
            });
}

bool election::can_win() const {
  return !is_of_older_copy_ || (!lacks_somebody() && refusals_ == 0);
}

bool election::hears_leader(time_point now) const {
  if (role_ == role::leader)
    return true;
  return !leader_.is_nil() && heard_at_ && now - *heard_at_ < settings_.timeout;
}

bool election::outranks(log_position head, device_id device) const {
  return std::tie(head_, self_) > std::tie(head, device);
}

std::vector<device_id> election::reachable() const {
  std::vector<device_id> result;
  for (const auto& [device, state] : peers_)
    if (is_member(device))
      result.push_back(device);
  return result;
}

void election::send(device_id to, peer_message message) {
  if (peers_.contains(to))
    out_.emplace_back(send_to_peer{to, std::move(message)});
}

void election::send_heartbeat(device_id to) {
  send(to, heartbeat{current_, head_, stable_, held_, vacuum_});
}

void election::answer(election_request request, errc outcome) {
  out_.emplace_back(answer_request{request, outcome});
}

void election::store(bool lease_too) {
  if (!lease_too
      && std::tie(current_, vote_, leader_)
           == std::tie(stored_.current, stored_.vote, stored_.leader))
    return;
  stored_ = {current_, vote_, leader_, lease_until_};
  out_.emplace_back(stored_);
}

void election::announce() {
  const auto now = view();
  if (announced_ && now.role == announced_->role
      && now.ballot == announced_->ballot && now.leader == announced_->leader
      && now.alone == announced_->alone
      && now.lacks_majority == announced_->lacks_majority)
    return;
  announced_ = now;
  out_.emplace_back(announce_leadership{now});
}

election_effects election::finish() {
  announce();
  return std::exchange(out_, {});
}

duration election::random_below(duration limit) {
  if (limit <= duration::zero())
    return duration::zero();
  const auto range = static_cast<std::uint64_t>(limit.count());
  return duration{static_cast<duration::rep>(random_() % range)};
}

} // namespace lockstep
