#pragma once

#include "actors/network.hpp"
#include "messages/clock.hpp"

#include <caf/actor_addr.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace lockstep {

/// The network to itself: delayed frames arrive. What was under way when its
/// link went down is lost, like on a broken connection.
struct arriving_frames {
  carry_frames what;
  std::uint64_t session = 0;
};

/// Cuts a device from all others, or lets it back. Holds also for a device that
/// is not attached yet.
struct set_online {
  device_id device;
  bool online = true;
};

/// Cuts or restores the link between two devices.
struct set_link {
  device_id a;
  device_id b;
  bool up = true;
};

/// Loses what one device says to another, though their link is up; or ends
/// that.
struct set_heard {
  device_id from;
  device_id to;
  bool heard = true;
};

/// What one device says to another takes so much longer, though their link is
/// up; zero ends that.
struct set_slow {
  device_id from;
  device_id to;
  duration delay{};
};

/// How bad the network is, from now on. Messages whose delays differ overtake
/// each other; that is intended.
struct set_faults {
  duration delay_least{};
  duration delay_most{};
  std::uint32_t drop_per_mille = 0;
  std::uint32_t duplicate_per_mille = 0;
  std::uint64_t seed = 0;
};

/// The links between devices that live in one process; one per actor system.
/// Without faults it delivers at once and in order.
using local_network_actor = network_actor::extend<
  /// The network to itself.
  caf::reacts_to<arriving_frames>,
  /// Tests and the demo: who reaches whom, and how well.
  caf::reacts_to<set_online>, caf::reacts_to<set_link>,
  caf::reacts_to<set_heard>, caf::reacts_to<set_slow>,
  caf::reacts_to<set_faults>>;

struct local_network_state {
  static inline const char* name = "local_network";
  using pointer = local_network_actor::stateful_pointer<local_network_state>;

  explicit local_network_state(pointer owner);

  void attach(const attach_gateway& what);
  void detach(device_id device);
  void lost(const caf::actor_addr& gateway);
  void carry(const carry_frames& what);
  void arrive(const arriving_frames& what);
  void allow(const set_online& what);
  void allow(const set_link& what);
  void allow(const set_heard& what);
  void slow_down(const set_slow& what);
  void degrade(const set_faults& what);

private:
  /// Two devices; of a link, the lower id first.
  using pair = std::pair<device_id, device_id>;

  /// Brings the links in line with who is attached, online and not cut.
  void refresh_links();
  static pair pair_of(device_id a, device_id b);
  /// The session of the link between the two; 0 when it is down.
  std::uint64_t session_between(device_id a, device_id b) const;
  bool happens(std::uint32_t per_mille);
  duration next_delay(const pair& way);
  template <class Message> void tell(device_id device, const Message& what);

  pointer self_;
  set_faults faults_;
  std::mt19937_64 random_;
  std::set<device_id> offline_;
  std::set<pair> cut_;
  /// From whom to whom nothing comes through.
  std::set<pair> unheard_;
  /// The same, for what takes longer.
  std::map<pair, duration> slow_;
  std::map<device_id, caf::actor_addr> gateways_;
  /// Links that are up, each with a number of its own.
  std::map<pair, std::uint64_t> links_;
  std::uint64_t last_session_ = 0;
};

local_network_actor::behavior_type
local_network(local_network_actor::stateful_pointer<local_network_state> self);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(arriving_frames)
LOCKSTEP_LOCAL_MESSAGE(set_online)
LOCKSTEP_LOCAL_MESSAGE(set_link)
LOCKSTEP_LOCAL_MESSAGE(set_heard)
LOCKSTEP_LOCAL_MESSAGE(set_slow)
LOCKSTEP_LOCAL_MESSAGE(set_faults)
