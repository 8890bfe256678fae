#include "actors/event_queue.hpp"

#include <utility>

namespace lockstep {

void event_queue::push(std::shared_ptr<const event> what) {
  if (waiting_.list.size() < limit_)
    waiting_.list.push_back(std::move(what));
  else
    ++lost_;
}

bool event_queue::empty() const {
  return waiting_.list.empty() && lost_ == 0;
}

event_batch event_queue::take() {
  auto batch = std::exchange(waiting_, {});
  if (const auto lost = std::exchange(lost_, 0); lost != 0)
    batch.list.push_back(
      std::make_shared<const event>(event{{}, events_lost{lost}}));
  return batch;
}

} // namespace lockstep
