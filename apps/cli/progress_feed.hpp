#pragma once

#include "messages/events.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>

namespace lockstep::cli {

/// Hands the progress of indexing from the thread of the events to the one
/// that waits for it. Each report carries the future of the next.
class progress_feed {
public:
  /// What to subscribe with, once; outlives the feed without harm.
  std::function<void(const event&)> callback();

  /// The next report; nothing when none comes in time.
  std::optional<indexing_progress> next(std::chrono::milliseconds patience);

private:
  struct report;
  using report_pointer = std::shared_ptr<report>;

  struct report {
    indexing_progress what;
    std::future<report_pointer> rest;
  };

  std::future<report_pointer> rest_;
};

} // namespace lockstep::cli
