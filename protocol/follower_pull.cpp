#include "protocol/follower_pull.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace lockstep {

namespace {

/// After every position that a log can have.
log_position beyond_all() {
  log_position result;
  result.ballot.term = term_number{std::numeric_limits<std::uint64_t>::max()};
  result.ballot.device.bytes.fill(0xff);
  // SQLite counts in signed 64 bits.
  result.sequence = sequence_number{std::numeric_limits<std::int64_t>::max()};
  return result;
}

} // namespace

void follower_pull::restart(time_point now, replication_effects& out) {
  doubt();
  wants_accepted_ = true;
  leader_head_.reset();
  deadline_.reset();
  attempts_ = 0;
  if (listening())
    phase_ = phase::resting;
  else
    abandoned_ = true;
  consider(now, out);
}

void follower_pull::on_peer_up(device_id device, time_point now,
                               replication_effects& out) {
  if (!context_.follows() || !listening())
    return;
  // The leader is the better source; the first relay is better than none.
  if (device == context_.view.leader || phase_ == phase::resting) {
    phase_ = phase::resting;
    deadline_.reset();
    attempts_ = 0;
    consider(now, out);
  }
}

void follower_pull::on_peer_down(device_id device, time_point now,
                                 replication_effects& out) {
  leave(device);
  if (phase_ != phase::asking || source_ != device)
    return;
  probing_ = false;
  rest(now);
  deadline_.reset();
  consider(now, out);
}

void follower_pull::on_announced(log_position head, time_point now,
                                 replication_effects& out) {
  hear_leader(head);
  // The link works: what waits for it need not wait long.
  if (deadline_ && attempts_ > 1 && refusals_ == 0) {
    attempts_ = 1;
    deadline_ = std::min(*deadline_, now + context_.settings.retry_first);
  }
  if (listening() && !confirmed_ && context_.head == head) {
    phase_ = phase::resting;
    deadline_.reset();
    confirm(out);
  }
  settle();
  consider(now, out);
}

void follower_pull::on_new_entries(const new_entries& news, time_point now,
                                   replication_effects& out) {
  hear_leader(news.head);
  if (listening() && !news.inline_entries.empty()
      && accept(news.follows, news.inline_entries, {}, now, out))
    return;
  auto was_confirmed = confirmed_;
  on_announced(news.head, now, out);
  // An announcement of what is here already means that the leader missed the
  // acknowledgement, unless it says itself that all members have everything.
  if (was_confirmed && listening() && context_.head >= news.head
      && news.stable < context_.head.sequence)
    acknowledge_head(out);
}

void follower_pull::on_entries(device_id from, const entries& answer,
                               time_point now, replication_effects& out) {
  if (from == context_.view.leader)
    hear_leader(answer.head);
  if (!listening())
    return;
  auto answers_me
    = phase_ == phase::asking && from == source_ && answer.since == since_;
  if (answers_me && probing_) {
    if (from != context_.view.leader && answer.head == since_) {
      // This log goes on where the other's ends. What is wrong with it, if
      // anything, shows once the other has what made its leader a member.
      probing_ = false;
      rest(now);
      return;
    }
    // Where it has forgotten more, this log could not go on from there.
    const bool goes_on = answer.forgotten.through <= since_.sequence;
    phase_ = phase::yielding;
    deadline_.reset();
    attempts_ = 0;
    expected_ = goes_on ? since_ : log_position{};
    out.push_back(yield_log{context_.view.ballot, expected_.sequence});
    return;
  }
  const served_end end{answer.head, answer.accepted,
                       answers_me && asked_for_accepted_
                         && from == context_.view.leader,
                       answer.forgotten, from};
  if (accept(answer.since, answer.list, end, now, out) || !answers_me)
    return;
  rest(now);
}

void follower_pull::on_sync_required(device_id from,
                                     const sync_required& answer,
                                     time_point now, replication_effects& out) {
  if (phase_ != phase::asking || from != source_ || answer.since != since_)
    return;
  leave(from);
  // Another follower may just not be as far as this one. And every log matches
  // at its beginning.
  if (!speaks_for_leader(from) || since_.sequence.value == 0) {
    rest(now);
    return;
  }
  confirmed_ = caught_up_ = false;
  target_.reset();
  attempts_ = 0;
  deadline_.reset();
  phase_ = phase::matching;
  vacuumed_ = answer.vacuumed_through;
  auto try_at = answer.try_at;
  if (try_at.sequence > since_.sequence)
    try_at = {since_.ballot, since_.sequence - 1};
  out.push_back(find_match{try_at});
}

void follower_pull::on_applied(const expected<log_head>& result, time_point now,
                               replication_effects& out) {
  if (phase_ != phase::applying)
    return;
  phase_ = phase::resting;
  auto abandoned = std::exchange(abandoned_, false);
  if (!result) {
    doubt();
    // What was heard with it was not taken.
    wants_accepted_ = passed_gap_ = true;
    if (result.error().code == errc::vacuumed && !abandoned)
      change_source(now, out);
    else
      take_refusal(out);
    return;
  }
  context_.head = result->position;
  attempts_ = refusals_ = 0;
  deadline_.reset();
  if (!taking_from_.is_nil())
    began_with_ = taking_from_;
  if (abandoned || context_.head != expected_)
    doubt();
  settle();
  acknowledge_head(out);
  consider(now, out);
}

void follower_pull::on_match(const expected<log_position>& result,
                             time_point now, replication_effects& out) {
  if (phase_ != phase::matching)
    return;
  phase_ = phase::resting;
  auto abandoned = std::exchange(abandoned_, false);
  auto rereading = std::exchange(rereading_, false);
  if (rereading && result)
    context_.head = *result;
  if (abandoned) {
    consider(now, out);
    return;
  }
  const auto leader = context_.view.leader;
  const auto source = context_.is_up(leader) ? leader : source_;
  if (rereading || !result || !context_.is_up(source)
      || !speaks_for_leader(source)) {
    probing_ = false;
    rest(now);
    return;
  }
  // Each step goes back, or to the beginning: the search ends.
  auto guess = *result;
  if (guess.sequence >= since_.sequence || guess.sequence < vacuumed_)
    guess = {};
  ask(source, guess, true, now, out);
}

void follower_pull::on_yielded(const expected<log_head>& result, time_point now,
                               replication_effects& out) {
  if (phase_ != phase::yielding)
    return;
  phase_ = phase::resting;
  auto abandoned = std::exchange(abandoned_, false);
  doubt();
  wants_accepted_ = passed_gap_ = true;
  if (!result) {
    take_refusal(out);
    return;
  }
  context_.head = result->position;
  refusals_ = 0;
  if (!abandoned && context_.head == expected_)
    confirm(out);
  consider(now, out);
}

void follower_pull::on_own_log(log_position head, time_point now,
                               replication_effects& out) {
  auto foreseen = head == context_.head
                  || (phase_ == phase::applying && head == expected_)
                  || (phase_ == phase::yielding && head == expected_);
  context_.head = head;
  if (foreseen)
    return;
  // Entries from elsewhere: this device's own, from when it led.
  doubt();
  if (phase_ == phase::asking)
    phase_ = phase::resting;
  deadline_.reset();
  consider(now, out);
}

void follower_pull::on_tick(time_point now, replication_effects& out) {
  if (!deadline_ || now < *deadline_)
    return;
  deadline_.reset();
  if (phase_ == phase::asking && probing_ && context_.follows()
      && context_.is_up(source_)) {
    ask(source_, since_, true, now, out);
    return;
  }
  if (phase_ == phase::asking) {
    phase_ = phase::resting;
    leave(source_);
  }
  probing_ = false;
  consider(now, out);
}

void follower_pull::on_all_named(replication_effects& out) const {
  if (phase_ != phase::applying && phase_ != phase::yielding
      && !context_.is_removed(context_.view.leader))
    acknowledge_head(out);
}

std::optional<device_id> follower_pull::choose_source() const {
  if (stays_with_it_)
    return began_with_;
  if (context_.is_up(context_.view.leader))
    return context_.view.leader;
  // Any other member may have what the leader wrote; ask them in turn.
  auto usable = [this](device_id device) {
    return !context_.is_removed(device);
  };
  auto after = context_.up.upper_bound(source_);
  auto next = std::find_if(after, context_.up.end(), usable);
  if (next == context_.up.end())
    next = std::find_if(context_.up.begin(), after, usable);
  if (next == context_.up.end() || !usable(*next))
    return std::nullopt;
  return *next;
}

bool follower_pull::speaks_for_leader(device_id device) const {
  const auto leader = context_.view.leader;
  return device == leader
         || (context_.is_member(device)
             && (context_.is_stranger(leader)
                 || (context_.needs_majority()
                     && context_.is_removed(leader))));
}

void follower_pull::consider(time_point now, replication_effects& out) {
  if (phase_ != phase::resting || !context_.follows() || deadline_)
    return;
  auto direct = context_.is_up(context_.view.leader);
  if (direct && confirmed_ && leader_head_ && context_.head >= *leader_head_
      && !passed_gap_)
    return;
  if (auto source = choose_source())
    ask(*source, context_.head, false, now, out);
}

void follower_pull::ask(device_id source, log_position since, bool probe,
                        time_point now, replication_effects& out) {
  const auto& limits = context_.settings;
  auto far_behind
    = leader_head_
      && leader_head_->sequence > since.sequence + limits.fetch_limit;
  // Of a probe only the match counts.
  auto limit = probe        ? 1U
               : far_behind ? limits.catch_up_limit
                            : limits.fetch_limit;
  source_ = source;
  since_ = since;
  probing_ = probe;
  phase_ = phase::asking;
  deadline_ = now + context_.backoff(attempts_);
  ++attempts_;
  asked_for_accepted_ = !probe && wants_accepted_;
  out.push_back(
    replication_send{source, fetch_entries{context_.view.ballot, since, limit,
                                           asked_for_accepted_}});
}

void follower_pull::hear_leader(log_position head) {
  // Under one ballot the leader's log only grows; older news came late.
  if (!leader_head_ || *leader_head_ < head)
    leader_head_ = head;
}

void follower_pull::confirm(replication_effects& out) {
  if (confirmed_)
    return;
  confirmed_ = true;
  settle();
  acknowledge_head(out);
}

void follower_pull::doubt() {
  confirmed_ = caught_up_ = probing_ = false;
  target_.reset();
}

void follower_pull::settle() {
  if (!confirmed_ || !leader_head_)
    return;
  if (!target_)
    target_ = leader_head_;
  if (context_.head.sequence < target_->sequence)
    return;
  caught_up_ = true;
  stays_with_it_ = false;
}

void follower_pull::acknowledge_head(replication_effects& out) const {
  if (confirmed_ && !context_.lacks_members && context_.follows()
      && context_.is_up(context_.view.leader))
    out.push_back(replication_send{
      context_.view.leader, acknowledge{context_.view.ballot, context_.head}});
}

void follower_pull::rest(time_point now) {
  phase_ = phase::resting;
  deadline_ = now + context_.backoff(attempts_);
  attempts_ = std::min(attempts_ + 1, most_attempts);
}

void follower_pull::take_refusal(replication_effects& out) {
  attempts_ = refusals_;
  refusals_ = std::min(refusals_ + 1, most_attempts);
  phase_ = phase::matching;
  rereading_ = true;
  deadline_.reset();
  out.push_back(find_match{beyond_all()});
}

} // namespace lockstep
