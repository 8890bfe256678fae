#pragma once

#include "persistence/operation_list.hpp"
#include "persistence/pending_queue.hpp"

namespace lockstep {

/// One transaction in a queue, read page by page. Throws SQLite::Exception.
class queued_operations : public operation_list {
public:
  queued_operations(pending_queue& queue, const queued_transaction& which)
    : queue_(queue), which_(which) {
  }

  [[nodiscard]] std::size_t size() const override {
    return which_.size;
  }

  expected<void> for_each(const action& run) const override {
    return queue_.for_each_in(which_.device, which_.numbers, run);
  }

private:
  pending_queue& queue_;
  queued_transaction which_;
};

} // namespace lockstep
