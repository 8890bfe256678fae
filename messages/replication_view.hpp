#pragma once

#include "messages/clock.hpp"
#include "messages/ids.hpp"
#include "messages/numbers.hpp"

#include <optional>
#include <vector>

namespace lockstep {

struct read_replication {};

/// How far a device and the other members are, as far as the device knows.
struct replication_view {
  struct peer {
    device_id device;
    bool connected = false;
    /// It says that this device is no member.
    bool refuses = false;
    /// By this device's wall clock; nothing where it has not been heard since
    /// the library was opened here.
    std::optional<wall_time> last_contact;
    /// What it holds of the leader's log. Only the leader knows that of all.
    std::optional<sequence_number> acknowledged;
  };

  /// Leads, or holds all that the leader was last heard to have.
  bool in_step = false;
  /// Where the leader's log ends, as last heard.
  std::optional<sequence_number> leader_sequence;
  /// The other members, by device.
  std::vector<peer> peers;
};

} // namespace lockstep
