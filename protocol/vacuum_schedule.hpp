#pragma once

#include "messages/clock.hpp"
#include "messages/vacuum_bounds.hpp"

#include <optional>

namespace lockstep {

/// When a device goes through its log of its own accord, which takes time with
/// the log's length: once in a period at most, and not while nothing can have
/// become old enough since the last time.
class vacuum_schedule {
public:
  /// A period of zero: never.
  explicit vacuum_schedule(duration period = {}) : period_(period) {
  }

  /// How long to wait before asking `is_due` again; nothing: it never is.
  [[nodiscard]] std::optional<duration> next_look() const;

  /// Whether to vacuum now: `before` as in vacuum_old_entries.
  [[nodiscard]] bool is_due(time_point now, const vacuum_bounds& bounds,
                            timestamp before) const;

  /// The log was vacuumed; `oldest_young` as in vacuum_result.
  void ended(time_point now, const vacuum_bounds& bounds,
             std::optional<timestamp> oldest_young);

private:
  duration period_;
  std::optional<time_point> last_;
  vacuum_bounds bounds_;
  std::optional<timestamp> oldest_young_;
};

} // namespace lockstep
