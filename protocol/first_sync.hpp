#pragma once

#include "messages/clock.hpp"
#include "messages/first_sync.hpp"

#include <cstdint>
#include <optional>

namespace lockstep {

/// A new device's way through the log, up to where that ended when the device
/// first heard of it: what comes later is ordinary news.
class first_sync {
public:
  /// Not under way: the library is complete.
  first_sync() = default;

  /// Under way from here on.
  static first_sync from(sequence_number applied);

  [[nodiscard]] bool under_way() const {
    return under_way_;
  }

  /// Ends it.
  void finish(sequence_number applied);

  void on_target(const first_sync_target& what);
  void on_applied(sequence_number through, std::uint64_t bytes, time_point now);

  /// Whether all that is needed is in the log and in the tables.
  [[nodiscard]] bool is_complete(sequence_number applied) const;

  [[nodiscard]] first_sync_progress progress() const;

  /// Whether there is news that is worth an event; not more than four times a
  /// second.
  bool tells(time_point now);

private:
  bool under_way_ = false;
  std::optional<first_sync_target> target_;
  sequence_number applied_;
  std::uint64_t bytes_ = 0;
  /// What the pace is measured from: the first batch has waited for others.
  sequence_number measured_from_;
  std::optional<time_point> measured_since_;
  time_point measured_until_{};
  std::optional<time_point> told_;
};

} // namespace lockstep
