#include "protocol/election.hpp"

#include <algorithm>

// Leading and following: heartbeats, their answers, and two leaders that meet.
namespace lockstep {

namespace {

/// A leader is alone after this many heartbeats that nobody answered.
constexpr unsigned unanswered_limit = 2;

} // namespace

void election::lead(ballot under, bool answered, time_point now) {
  const auto continues = under == current_ && leader_ == self_;
  current_ = under;
  leader_ = self_;
  role_ = role::leader;
  handed_over_ = false;
  handed_to_ = {};
  contested_ = {};
  refusals_ = 0;
  stands_for_ = {};
  claim_at_.reset();
  heard_at_.reset();
  if (!may_claim())
    for (const auto& [device, state] : peers_)
      if (state.needs_leader)
        would_lead_.insert(device);
  answered_at_.clear();
  for (const auto& [device, state] : peers_)
    if (state.granted)
      answered_at_[device] = now;
  if (answered || !has_others() || needs_majority())
    lease_until_ = now + settings_.lease;
  else if (!continues)
    lease_until_ = now;
  alone_ = has_others() && !answered;
  beat_answered_ = true;
  unanswered_beats_ = 0;
  store();
  announce();
  answer_askers(errc::none);
  end_transfer(errc::timed_out);
  beat(now);
}

void election::lead_afresh(ballot above, time_point now) {
  newest_term_ = std::max(
    {newest_term_, above.term.value, current_.term.value, vote_.term.value});
  current_ = vote_ = {term_number{newest_term_ + 1}, self_};
  store();
  announce();
  beat(now);
}

void election::beat(time_point now) {
  const auto others = reachable();
  if (needs_majority())
    renew_lease(now);
  if (!has_others()) {
    if (!needs_majority())
      lease_until_ = now + settings_.lease;
  } else {
    unanswered_beats_ = beat_answered_ ? 0 : unanswered_beats_ + 1;
    if (others.empty() || unanswered_beats_ >= unanswered_limit)
      alone_ = true;
  }
  beat_answered_ = false;
  next_beat_ = now + settings_.heartbeat;
  for (auto device : others)
    send_heartbeat(device);
}

election_effects election::on(device_id from, const heartbeat& what,
                              time_point now) {
  if (silent_ || removed_.contains(from) || what.ballot.device != from
      || from == self_)
    return finish();
  newest_term_ = std::max(newest_term_, what.ballot.term.value);
  if (what.ballot < current_) {
    // So that it learns of the newer ballot.
    if (role_ == role::leader)
      send_heartbeat(from);
    else
      send(from, heartbeat_ack{current_, head_});
  } else if (role_ == role::leader && !needs_majority()
             && outranks(what.head, from) && contested_ != from) {
    lead_afresh(what.ballot, now);
    contested_ = from;
  } else if (role_ == role::candidate && handed_over_
             && what.ballot == current_) {
    // Sent before the leader handed over.
  } else {
    hear(from, what, now);
  }
  return finish();
}

election_effects election::on(device_id from, const hello& what,
                              time_point now) {
  refusals_ = 0;
  if (!silent_ && role_ == role::leader && is_member(from))
    send_heartbeat(from);
  const auto known = peers_.find(from);
  if (silent_ || known == peers_.end())
    return finish();
  known->second.needs_leader = what.head == log_position{};
  // Those that do lead come first.
  if (role_ == role::follower && !claim_at_ && may_ask())
    claim_at_
      = now + settings_.timeout + random_below(settings_.election_window);
  return finish();
}

void election::ask_for_leader(time_point now) {
  // Its log has nothing to lead with. One that never leads will do.
  hello asking;
  asking.ballot = current_;
  for (auto device : reachable())
    send(device, asking);
  claim_at_ = now + settings_.timeout;
}

void election::hear(device_id leader, const heartbeat& what, time_point now) {
  heard_at_ = now;
  refusals_ = 0;
  stands_for_ = {};
  lease_until_ = now + settings_.lease;
  follow(what.ballot, leader,
         now + settings_.timeout + random_below(settings_.election_window));
  // The others, too: one of them may follow somebody else, whom the leader does
  // not reach, or not know.
  for (auto device : reachable())
    send(device, heartbeat_ack{current_, head_});
  if (!is_member(leader))
    send(leader, heartbeat_ack{current_, head_});
}

void election::follow(ballot under, device_id leader, time_point claim_at) {
  if (leader != leader_ || under != current_)
    handed_to_ = {};
  current_ = under;
  leader_ = leader;
  role_ = role::follower;
  alone_ = false;
  handed_over_ = false;
  claim_at_ = claim_at;
  store();
  announce();
  leave();
  if (transfer_)
    end_transfer(transfer_->to == leader ? errc::none : errc::not_leader);
  answer_askers(errc::not_leader);
}

election_effects election::on(device_id from, const heartbeat_ack& what,
                              time_point now) {
  if (silent_ || !is_member(from))
    return finish();
  newest_term_ = std::max(newest_term_, what.ballot.term.value);
  if (const auto known = peers_.find(from);
      known != peers_.end() && !(what.head < head_))
    known->second.needs_leader = false;
  if (what.ballot > current_ && needs_majority()) {
    // It voted for somebody since, or follows another leader. Who asks learns
    // which, and gets its vote back where nobody leads.
    if (role_ == role::leader)
      begin_claim(false, now);
    else if (hears_leader(now))
      // It may not hear the one that speaks.
      send(leader_, heartbeat_ack{what.ballot, head_});
    else if (!is_member(self_))
      // Nor does a newcomer, which cannot ask, hear any but who let it in.
      learn_newer(from, what, now);
  } else if (what.ballot > current_) {
    learn_newer(from, what, now);
  } else if (what.ballot < current_ && role_ == role::follower) {
    send(from, heartbeat_ack{current_, head_});
  } else if (role_ == role::follower) {
    hear_of_leader(from, now);
  } else if (what.ballot == current_ && role_ == role::leader) {
    if (auto known = peers_.find(from); known != peers_.end())
      known->second.head = what.head;
    alone_ = false;
    if (contested_ == from)
      contested_ = {};
    answered_at_[from] = now;
    if (needs_majority())
      renew_lease(now);
    if (!beat_answered_) {
      beat_answered_ = true;
      unanswered_beats_ = 0;
      if (!needs_majority())
        lease_until_ = now + settings_.lease;
      store(true);
    }
    continue_transfer(now);
    // It leads only until another that wants to has what it holds.
    if (role_ == role::leader && !may_claim() && what.head == head_
        && (would_lead_.contains(from) || removed_.contains(self_)))
      give_up_leading(from, now);
  }
  return finish();
}

void election::hear_of_leader(device_id from, time_point now) {
  // Who may claim learns it by claiming. Who may not would wait for ever for a
  // leader that it does not hear: one that its log does not name yet hears none
  // but the one that let it in.
  const auto owner = current_.device;
  if (!may_claim() && !hears_leader(now) && owner != from && owner != self_
      && !removed_.contains(owner))
    follow(current_, owner, now + settings_.timeout);
}

void election::renew_lease(time_point now) {
  const auto heard = quorum_.reached<time_point>([&](device_id device) {
    if (device == self_)
      return now;
    const auto found = answered_at_.find(device);
    return found == answered_at_.end() ? time_point{} : found->second;
  });
  lease_until_ = std::max(lease_until_, heard + settings_.lease);
}

void election::lose_majority(time_point now) {
  end_transfer(errc::timed_out);
  role_ = role::follower;
  alone_ = false;
  leader_ = {};
  heard_at_.reset();
  claim_at_ = now + random_below(settings_.election_window);
  store();
}

void election::outbid_removed(const ballot& under, time_point now) {
  // Somebody follows it who has not heard that it was removed: a higher ballot
  // brings that one here.
  if (role_ == role::leader)
    lead_afresh(under, now);
  else if (hears_leader(now))
    send(leader_, heartbeat_ack{under, head_});
}

bool election::may_answer(const ballot& newer, time_point now) {
  if (asked_ != newer) {
    asked_ = newer;
    answer_by_ = now + settings_.heartbeat;
  }
  // Its log may not name this device, and then it does not hear the question.
  return now < answer_by_;
}

void election::learn_newer(device_id from, const heartbeat_ack& what,
                           time_point now) {
  const auto owner = what.ballot.device;
  if (removed_.contains(owner)) {
    outbid_removed(what.ballot, now);
  } else if (role_ == role::leader && owner != from && owner != self_
             && peers_.contains(owner) && may_answer(what.ballot, now)) {
    // Its answer decides: the longer log wins.
    send_heartbeat(owner);
  } else if (role_ == role::leader && owner == from
             && outranks(what.head, from)) {
    // An answer from the ballot's owner: it does not lead under it any more.
    lead_afresh(what.ballot, now);
  } else {
    heard_at_.reset();
    const auto leads = owner != from && owner != self_;
    const auto soon
      = 2 * settings_.election_window + random_below(settings_.election_window);
    follow(what.ballot, leads ? owner : device_id{},
           now + (leads ? settings_.timeout : soon));
  }
}

} // namespace lockstep
