#pragma once

#include "messages/clock.hpp"
#include "messages/ids.hpp"
#include "messages/log_requests.hpp"

#include <chrono>
#include <map>
#include <set>
#include <vector>

namespace lockstep {

/// How long each member has not been heard of. What counts is time that passed
/// while this device ran, by its machine's uptime. Of the time between two
/// runs, which only a wall clock knows, a quarter of the limit counts at most:
/// a clock that jumps by years makes nobody stale.
class member_silence {
public:
  using milliseconds = std::chrono::milliseconds;

  /// `kept` is what `to_keep` gave in the last run. A limit of zero does not
  /// exist: whoever is not connected would be stale.
  member_silence(device_id own, milliseconds limit,
                 const std::vector<member_progress>& kept, wall_time wall,
                 milliseconds uptime);

  /// The members, without this device.
  void set_members(const std::set<device_id>& members);
  /// A member was heard; whether it had been stale.
  bool hear(device_id device);
  /// So far has time gone on; `connected` are heard all the time.
  void pass(milliseconds uptime, const std::set<device_id>& connected);

  /// Who has been silent for longer than the limit.
  [[nodiscard]] std::set<device_id> stale() const;

  /// How often to call `pass`.
  [[nodiscard]] milliseconds pause() const;

  /// What the next run should know; nothing while that is on the disk, about.
  [[nodiscard]] std::vector<member_progress> to_keep(wall_time wall);

private:
  device_id own_;
  milliseconds limit_;
  milliseconds uptime_;
  std::map<device_id, milliseconds> silent_;
  /// Silent ones among what is on the disk.
  bool kept_silence_ = false;
  milliseconds kept_at_;
};

} // namespace lockstep
