#include "protocol/election.hpp"

#include <algorithm>
#include <tuple>

// Asking for the leadership, and answering those who ask.
namespace lockstep {

namespace {

/// The waiting time after a refusal doubles at most this often.
constexpr unsigned doubling_limit = 5;

} // namespace

void election::begin_claim(bool handed_over, time_point now) {
  if (leader_ == self_)
    leader_ = {};
  newest_term_
    = std::max({newest_term_, current_.term.value, vote_.term.value});
  vote_ = {term_number{newest_term_ + 1}, self_};
  role_ = role::candidate;
  handed_over_ = handed_over;
  handed_to_ = {};
  claim_at_.reset();
  window_end_ = now + settings_.election_window;
  store();
  announce();
  for (auto& [device, state] : peers_)
    state.granted = false;
  for (auto device : reachable())
    send(device, own_claim());
  win_if_decided(now);
}

claim election::own_claim() const {
  return {vote_, head_, settings_.priority, handed_over_, is_of_older_copy_};
}

void election::win_if_decided(time_point now) {
  const auto voters = reachable();
  // With nobody connected yet, the others get the window to appear.
  const auto granted = std::ranges::all_of(
    voters, [this](device_id device) { return peers_[device].granted; });
  if (is_of_older_copy_ || needs_majority()) {
    if (has_enough_votes() && (granted || handed_over_))
      lead(vote_, !voters.empty(), now);
  } else if (!has_others() || (granted && !voters.empty())) {
    lead(vote_, !voters.empty(), now);
  }
}

bool election::has_vote_of(device_id device) const {
  const auto voter = peers_.find(device);
  return device == self_ || (voter != peers_.end() && voter->second.granted);
}

bool election::has_majority() const {
  return quorum_.is_majority([this](device_id device) {
    return has_vote_of(device)
           && (device == self_ ? !is_of_older_copy_
                               : !peers_.at(device).has_older_copy);
  });
}

bool election::has_all_votes() const {
  const auto has_vote = [this](device_id device) {
    return has_vote_of(device);
  };
  return std::ranges::all_of(members_, has_vote)
         && (!needs_majority() || quorum_.is_majority(has_vote));
}

bool election::has_enough_votes() const {
  if (is_of_older_copy_)
    return has_all_votes();
  return !needs_majority() || has_majority() || has_all_votes();
}

void election::end_window(time_point now) {
  if (!has_enough_votes()) {
    withdraw(now + back_off());
    return;
  }
  const auto answered = std::ranges::any_of(
    peers_, [](const auto& each) { return each.second.granted; });
  lead(vote_, answered, now);
}

election_effects election::on(device_id from, const claim& what,
                              time_point now) {
  if (silent_ || !is_member(from) || what.ballot.device != from)
    return finish();
  newest_term_ = std::max(newest_term_, what.ballot.term.value);
  if (what.priority >= 0)
    would_lead_.insert(from);
  if (auto known = peers_.find(from); known != peers_.end())
    known->second.needs_leader = false;
  const auto reason = judge(from, what, now);
  if (reason == refusal::none) {
    grant(from, what, now);
    return finish();
  }
  // A vote that is given away is no leadership, but the asker must go above it.
  const auto known
    = reason == refusal::already_voted ? std::max(vote_, current_) : current_;
  send(from, vote{what.ballot, false, reason, known});
  if (reason == refusal::already_voted && role_ == role::candidate)
    withdraw(now + back_off());
  // Who refuses as the better candidate must stand itself; also one that never
  // leads, where the others cannot have what it holds in any other way.
  if (reason != refusal::better_log || role_ != role::follower
      || what.handed_over)
    return finish();
  if (!may_claim() && must_not_lose(what))
    stands_for_ = from;
  if (may_ask() && can_win() && refusals_ == 0)
    begin_claim(false, now);
  else if (may_ask() && !claim_at_)
    claim_at_ = now + back_off();
  return finish();
}

void election::grant(device_id to, const claim& what, time_point now) {
  vote_ = what.ballot;
  stands_for_ = {};
  const auto wait
    = 2 * settings_.election_window + random_below(settings_.election_window);
  if (role_ == role::candidate)
    withdraw(now + wait);
  else if (claim_at_)
    claim_at_ = std::max(*claim_at_, now + wait);
  if (needs_majority()) {
    current_ = what.ballot;
    leader_ = {};
    heard_at_.reset();
  }
  store();
  const auto reason = needs_majority() && is_of_older_copy_
                        ? refusal::older_copy
                        : refusal::none;
  send(to, vote{what.ballot, true, reason, current_});
  if (needs_majority() && peers_.contains(to))
    std::get<send_to_peer>(out_.back()).unless_beyond = what.head;
  if (to == handed_to_)
    leave();
}

refusal election::judge(device_id from, const claim& what,
                        time_point now) const {
  // A vote may be asked for again.
  const auto again = needs_majority() && what.ballot == current_
                     && what.ballot == vote_ && leader_.is_nil();
  if (what.ballot <= current_ && !again)
    return refusal::older_ballot;
  // A leader that asks has restarted, or was refused by the one it handed to.
  const auto excused = from == leader_ || what.handed_over;
  if (hears_leader(now) && (role_ == role::leader || !excused))
    return refusal::live_leader;
  if (must_not_lose(what))
    return refusal::better_log;
  if (ranks_above(from, what))
    return refusal::better_log;
  if (what.ballot != vote_ && what.ballot.term <= vote_.term)
    return refusal::already_voted;
  return refusal::none;
}

bool election::must_not_lose(const claim& what) const {
  // What a majority holds must not be lost with any vote, whoever may lead; nor
  // what this device held when it said so. What the asker held and lacks now
  // may count as held by all; who was removed cannot bring it along.
  const bool may_count
    = needs_majority() || (what.is_of_older_copy && is_member(self_));
  return may_count && head_ > what.head;
}

bool election::ranks_above(device_id from, const claim& what) const {
  if (!may_claim() || from == handed_to_ || !can_win())
    return false;
  if (what.handed_over)
    return head_ > what.head;
  return std::tie(head_, settings_.priority, self_)
         > std::tie(what.head, what.priority, from);
}

election_effects election::on(device_id from, const vote& what,
                              time_point now) {
  if (silent_ || !is_member(from))
    return finish();
  newest_term_ = std::max(newest_term_, what.known.term.value);
  if (role_ != role::candidate || what.ballot != vote_)
    return finish();
  // The better candidate stands itself, if it can; a majority of others does.
  const bool passed_over
    = needs_majority() && what.reason == refusal::better_log;
  if (!what.granted && passed_over)
    return finish();
  if (!what.granted && !is_of_a_removed_leader(what)) {
    refused(what, now);
  } else if (auto voter = peers_.find(from); voter != peers_.end()) {
    voter->second.granted = true;
    voter->second.has_older_copy = what.reason == refusal::older_copy;
    win_if_decided(now);
  }
  return finish();
}

bool election::is_of_a_removed_leader(const vote& what) const {
  // Who follows one has not heard of its removal, and will follow the one that
  // says so. Where it takes a majority, the removal may be what does not stay;
  // since an older copy was made, that one may have been let in again.
  const bool may_be_back
    = needs_majority() || (is_of_older_copy_ && head_.ballot <= what.known);
  return removed_.contains(what.known.device) && !may_be_back;
}

void election::refused(const vote& what, time_point now) {
  const auto window = settings_.election_window;
  switch (what.reason) {
    case refusal::live_leader: {
      // The voter hears a leader that this device does not hear.
      const auto wait
        = settings_.timeout / 2 + random_below(settings_.timeout / 2);
      const auto leads = what.known >= current_ && what.known.device != self_;
      if (!leads)
        withdraw(now + 2 * window + random_below(window));
      else
        follow(what.known, what.known.device, now + wait);
      break;
    }
    case refusal::older_ballot:
      withdraw(now + 2 * window + random_below(window));
      if (what.known > current_)
        follow(what.known,
               what.known.device == self_ ? device_id{} : what.known.device,
               *claim_at_);
      break;
    case refusal::already_voted:
      withdraw(now + window / 4 + random_below(window));
      break;
    case refusal::better_log:
    case refusal::older_copy:
    case refusal::none:
      withdraw(now + back_off());
      break;
  }
}

void election::withdraw(time_point claim_at) {
  role_ = role::follower;
  handed_over_ = false;
  claim_at_ = claim_at;
  answer_askers(errc::not_leader);
}

void election::answer_askers(errc outcome) {
  for (auto request : askers_)
    answer(request, outcome);
  askers_.clear();
}

duration election::back_off() {
  const auto doubled
    = settings_.election_window * (2 << std::min(refusals_, doubling_limit));
  ++refusals_;
  const auto longest = std::min<duration>(doubled, settings_.timeout);
  return longest / 2 + random_below(longest);
}

} // namespace lockstep
