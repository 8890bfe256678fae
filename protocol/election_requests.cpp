#include "protocol/election.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

// What a host may ask for: to lead, to hand over, to be quiet.
namespace lockstep {

namespace {

/// How often a leader asks the one it hands over to how far it is, in parts of
/// the election window.
constexpr int asks_per_window = 4;

} // namespace

election_effects election::request_leadership(election_request request,
                                              time_point now) {
  if (silent_ || leaving_) {
    answer(request, errc::closed);
  } else if (role_ == role::leader) {
    answer(request, errc::none);
  } else if (!may_claim()) {
    answer(request, errc::invalid_argument);
  } else if (askers_.size() >= request_limit) {
    answer(request, errc::busy);
  } else {
    askers_.push_back(request);
    if (role_ == role::follower)
      begin_claim(false, now);
  }
  return finish();
}

election_effects election::transfer(election_request request, device_id to,
                                    time_point now) {
  if (silent_ || leaving_)
    answer(request, errc::closed);
  else if (role_ != role::leader)
    answer(request, errc::not_leader);
  else if (to == self_)
    answer(request, errc::none);
  else if (!is_member(to))
    answer(request, errc::not_member);
  else if (!peers_.contains(to))
    answer(request, errc::not_found);
  else if (transfer_)
    answer(request, errc::busy);
  else {
    transfer_ = {request, to, now, now + settings_.timeout, false};
    continue_transfer(now);
  }
  return finish();
}

void election::continue_transfer(time_point now) {
  if (!transfer_ || transfer_->handed || role_ != role::leader)
    return;
  const auto target = peers_.find(transfer_->to);
  if (target == peers_.end()) {
    end_transfer(errc::not_found);
  } else if (target->second.head == head_) {
    transfer_->handed = true;
    give_up_leading(transfer_->to, now);
  } else if (now >= transfer_->give_up_at) {
    end_transfer(errc::timed_out);
  } else if (now >= transfer_->ask_at) {
    transfer_->ask_at = now + settings_.election_window / asks_per_window;
    send_heartbeat(transfer_->to);
  }
}

void election::end_transfer(errc outcome) {
  if (!transfer_)
    return;
  answer(transfer_->request, outcome);
  transfer_.reset();
}

void election::give_up_leading(device_id to, time_point now) {
  role_ = role::follower;
  alone_ = false;
  leader_ = {};
  heard_at_.reset();
  handed_to_ = to;
  // Long enough for the other to ask and to be heard.
  claim_at_ = now + 3 * settings_.election_window
              + random_below(settings_.election_window);
  store();
  announce();
  if (!to.is_nil())
    send(to, hand_over{current_, head_});
}

election_effects election::on(device_id from, const hand_over& what,
                              time_point now) {
  const auto stale = what.ballot < current_ || what.ballot.device != from;
  const auto asking = role_ == role::candidate && handed_over_;
  if (silent_ || stale || asking || role_ == role::leader || !is_member(from))
    return finish();
  if (what.ballot > current_)
    follow(what.ballot, from, now + settings_.timeout);
  if (may_claim())
    begin_claim(true, now);
  return finish();
}

election_effects election::step_down(election_request request, time_point now) {
  if (!silent_ && role_ == role::leader) {
    const auto others = reachable();
    const auto best
      = std::ranges::max_element(others, {}, [this](device_id device) {
          return std::tuple{peers_[device].head, device};
        });
    end_transfer(errc::closed);
    // Without anybody to take over, the leadership outlives the restart.
    if (best != others.end()) {
      give_up_leading(*best, now);
      answer_askers(errc::closed);
      leaving_ = request;
      leave_by_ = now + settings_.election_window;
      return finish();
    }
  }
  end_transfer(errc::closed);
  answer_askers(errc::closed);
  if (role_ == role::candidate)
    role_ = role::follower;
  silent_ = true;
  answer(request, errc::none);
  return finish();
}

void election::leave() {
  if (!leaving_)
    return;
  silent_ = true;
  answer(*std::exchange(leaving_, std::nullopt), errc::none);
}

} // namespace lockstep
