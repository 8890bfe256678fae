#pragma once

#include "messages/events.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace lockstep {

/// The events that wait for one subscriber, oldest first. Once it is full,
/// newer events are counted instead of kept, until the batch is taken.
class event_queue {
public:
  explicit event_queue(std::size_t limit) : limit_(limit) {
  }

  void push(std::shared_ptr<const event> what);

  [[nodiscard]] bool empty() const;

  /// All that waits; ends with `events_lost` when events had to be dropped
  /// after it. The queue is empty afterwards.
  event_batch take();

private:
  std::size_t limit_;
  event_batch waiting_;
  std::uint64_t lost_ = 0;
};

} // namespace lockstep
