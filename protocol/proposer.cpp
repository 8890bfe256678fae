#include "protocol/proposer.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

void proposer::restart() {
  if (phase_ == phase::reading)
    stale_read_ = true;
  else
    phase_ = phase::resting;
  wanted_ = true;
  through_ = proposed_ = {};
  deadline_.reset();
  attempts_ = 0;
}

void proposer::on_pending_advanced(device_sequence_number last) {
  last_ = std::max(last_, last);
  wanted_ = true;
}

void proposer::on_pending(const expected<pending_batch>& result, time_point now,
                          replication_effects& out) {
  if (phase_ != phase::reading)
    return;
  phase_ = phase::resting;
  if (std::exchange(stale_read_, false) || !context_.follows())
    return;
  if (!result) {
    back_off(now);
    return;
  }
  if (result->list.empty()) {
    wanted_ = false;
    return;
  }
  phase_ = phase::waiting;
  proposed_ = {};
  std::size_t own = 0;
  for (const auto& what : result->list)
    if (what.device == context_.self) {
      proposed_ = std::max(proposed_, what.device_sequence);
      ++own;
    }
  const auto& last = result->list.back();
  const auto limit = context_.settings.propose_limit;
  more_
    = own >= limit || (own > 0 && last.device_sequence < last.transaction_end);
  more_of_others_ = result->list.size() - own >= limit;
  deadline_ = now + context_.backoff(attempts_)
              + travel_time(image_bytes(result->list));
  ++attempts_;
  out.push_back(replication_send{
    context_.view.leader,
    propose{context_.view.ballot, result->list, result->follows}});
}

void proposer::on_proposal_ack(const proposal_ack& answer, time_point now) {
  if (answer.refused) {
    if (answer.restart)
      through_ = {};
    if (phase_ == phase::waiting)
      back_off(now);
    return;
  }
  through_ = std::max(through_, answer.through);
  if (phase_ != phase::waiting || through_ < proposed_)
    return;
  phase_ = phase::resting;
  deadline_.reset();
  wanted_ = more_ || more_of_others_ || last_ > through_;
  if (more_of_others_)
    back_off(now);
  else
    attempts_ = 0;
}

void proposer::on_tick(time_point now) {
  if (!deadline_ || now < *deadline_)
    return;
  deadline_.reset();
  // What was proposed is read anew: it may be in the log by now.
  if (phase_ == phase::waiting)
    phase_ = phase::resting;
}

void proposer::consider(bool ready, replication_effects& out) {
  if (phase_ != phase::resting || !wanted_ || !ready || deadline_)
    return;
  phase_ = phase::reading;
  out.push_back(fetch_pending{through_, context_.settings.propose_limit});
}

void proposer::back_off(time_point now) {
  phase_ = phase::resting;
  deadline_ = now + context_.backoff(attempts_);
  attempts_ = std::min(attempts_ + 1, 32U);
}

} // namespace lockstep
