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
  if (through_ < last_ && std::exchange(waits_for_others_, false))
    deadline_.reset();
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
    attempts_ = 0;
    return;
  }
  phase_ = phase::waiting;
  const auto& list = result->list;
  proposed_ = {};
  for (const auto& what : list)
    if (what.device == context_.self)
      proposed_ = std::max(proposed_, what.device_sequence);
  const auto other
    = std::find_if(list.begin(), list.end(), [&](const operation& what) {
        return what.device != context_.self;
      });
  has_others_ = other != list.end();
  if (has_others_) {
    const std::pair first{other->device, other->device_sequence};
    if (std::exchange(first_of_others_, first) != first)
      attempts_ = 0;
  }
  const auto& last = list.back();
  more_ = list.size() >= context_.settings.propose_limit
          || last.device_sequence < last.transaction_end;
  waits_for_others_ = false;
  deadline_
    = now + context_.backoff(attempts_) + travel_time(image_bytes(list));
  ++attempts_;
  out.push_back(replication_send{
    context_.view.leader,
    propose{context_.view.ballot, list, result->follows, result->tables}});
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
  const bool more = more_ || last_ > through_;
  wanted_ = more || has_others_;
  if (has_others_ && !(more && proposed_)) {
    back_off(now);
    waits_for_others_ = true;
  } else {
    attempts_ = 0;
  }
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
  waits_for_others_ = false;
  deadline_ = now + context_.backoff(attempts_);
  attempts_ = std::min(attempts_ + 1, 32U);
}

} // namespace lockstep
