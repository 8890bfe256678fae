#pragma once

#include "config/settings.hpp"
#include "messages/library_requests.hpp"
#include "protocol/quorum.hpp"
#include "protocol/replication_effects.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lockstep {

/// What the parts of the replication machine all look at. Only
/// `replication_machine` and, for the head, `follower_pull` change it.
struct replication_context {
  device_id self;
  std::string device_name;
  replication_settings settings;
  leadership_view view;
  /// Where the own log ends.
  log_position head;
  /// Every member holds the log up to here, as far as known.
  sequence_number stable;
  /// A majority does; only where leaders need one.
  sequence_number held;
  /// What may be vacuumed; unlike the others this goes back.
  vacuum_bounds vacuum;
  /// Members that are silent for too long.
  std::set<device_id> stale;
  consistency mode = consistency::available;
  quorum majority;
  /// Peers that can be reached.
  std::set<device_id> up;
  /// Membership: device to whether it was removed.
  std::map<device_id, bool> members;
  /// The newest entry that names members.
  sequence_number members_at;
  /// Some of them are named only by what was given back of the log.
  bool lacks_members = false;
  std::uint64_t random_state = 0;

  [[nodiscard]] bool needs_majority() const {
    return mode == consistency::quorum;
  }
  [[nodiscard]] bool leads() const {
    return view.role == role::leader;
  }
  /// Follows a leader that is known.
  [[nodiscard]] bool follows() const {
    return view.role == role::follower && !view.leader.is_nil()
           && view.leader != self;
  }
  [[nodiscard]] bool is_up(device_id device) const {
    return up.count(device) != 0;
  }
  /// What the library holds may be told to members only.
  [[nodiscard]] bool is_member(device_id device) const {
    auto found = members.find(device);
    return found != members.end() && !found->second;
  }
  [[nodiscard]] bool is_removed(device_id device) const {
    auto found = members.find(device);
    return found != members.end() && found->second;
  }
  /// The log here has never said a word about it.
  [[nodiscard]] bool is_stranger(device_id device) const {
    return members.count(device) == 0;
  }

  /// The wait before trying again after `attempts` tries without success:
  /// doubles each time up to the limit, plus or minus a quarter by chance.
  duration backoff(std::uint32_t attempts);
};

/// How long so many bytes may be on their way over a slow or busy link. What is
/// large is not said again before: the copies would wait behind one another,
/// and all else behind them.
duration travel_time(std::size_t size);

/// The bytes of images in a list of operations or entries.
template <class List> std::size_t image_bytes(const List& list) {
  std::size_t sum = 0;
  for (const auto& what : list)
    sum += what.data.size();
  return sum;
}

} // namespace lockstep
