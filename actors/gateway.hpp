#pragma once

#include "actors/environment.hpp"
#include "actors/message_types.hpp"
#include "actors/network.hpp"
#include "actors/peer.hpp"
#include "messages/errors.hpp"
#include "transport/frames.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <set>
#include <vector>

namespace lockstep {

/// A library is open here: its listeners hear its members.
struct attach_library {
  library_id library;
  peer_listener leadership;
  peer_listener replication;
  std::vector<device_id> members;
};

/// A library closes: its listeners are told that all peers are down, and then
/// nothing more.
struct detach_library {
  library_id library;
};

/// Who takes part in an attached library from now on.
struct set_library_members {
  library_id library;
  std::vector<device_id> members;
};

struct close_gateway {};

/// One per node: the sessions with other devices. It lets listeners and members
/// of the same library hear each other, and nobody else.
using gateway_actor = link_listener::extend<
  /// Library: who takes part in it, and where they can be reached.
  caf::reacts_to<introduce_members>,
  /// Node: replaces an earlier attachment of the same library.
  caf::reacts_to<attach_library>,
  /// Node.
  caf::replies_to<detach_library>::with<done>,
  /// Node or library.
  caf::reacts_to<set_library_members>,
  /// Node: ends all sessions and the actor.
  caf::replies_to<close_gateway>::with<done>>;

struct gateway_setup {
  device_id device;
  network_actor network;
  environment env;
};

struct gateway_state {
  static inline const char* name = "gateway";
  using pointer = gateway_actor::stateful_pointer<gateway_state>;

  explicit gateway_state(pointer owner);

  void begin_session(device_id device);
  void end_session(device_id device);
  void receive(const received_frames& what);
  void attach(const attach_library& what);
  void detach(library_id library);
  void change_members(const set_library_members& what);
  void close();

  gateway_setup setup;

private:
  /// One link, from up to down.
  struct session {
    peer_actor peer;
    frame_assembler assembler;
    /// Libraries that it was told it takes no part in.
    std::set<library_id> turned_away;
  };
  struct attached_library {
    peer_listener leadership;
    peer_listener replication;
    std::set<device_id> members;
  };

  expected<std::vector<envelope>> unpack(session& from,
                                         const std::vector<bytes>& frames);
  void deliver(device_id from, const envelope& what);
  /// Tells a device, once, that it takes no part in an open library.
  void turn_away(device_id from, library_id library);
  void tell_up(const attached_library& library, device_id device);
  void tell_down(const attached_library& library, device_id device);

  pointer self_;
  std::map<device_id, session> sessions_;
  std::map<library_id, attached_library> libraries_;
};

/// Goes onto the network at once.
gateway_actor::behavior_type
gateway(gateway_actor::stateful_pointer<gateway_state> self,
        gateway_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(attach_library)
LOCKSTEP_LOCAL_MESSAGE(detach_library)
LOCKSTEP_LOCAL_MESSAGE(set_library_members)
LOCKSTEP_LOCAL_MESSAGE(close_gateway)
