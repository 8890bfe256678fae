#pragma once

#include "actors/connection.hpp"
#include "protocol/offenders.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace lockstep {

struct open_listener {};

struct listening_at {
  std::uint16_t port = 0;
};

struct close_listener {};

/// Somebody who is no device that is known here came from this address and
/// broke the protocol.
struct stranger_broke {
  std::string address;
  failure why;
};

/// A trusted device came from this address. It may share it with others, so
/// nobody is kept out for it from now on.
struct friend_came {
  std::string address;
};

struct listener_setup {
  /// Empty: on all addresses of this device.
  std::string host;
  /// 0: any that is free.
  std::uint16_t port = 0;
  connection_setup connections;
  offender_limits offences;
};

struct listener_state {
  static inline const char* name = "listener";

  std::set<caf::actor> connections;
  /// By address.
  offenders strangers;
  std::set<std::string> friends;
};

/// Takes in TCP connections, as many as allowed and none from where the
/// protocol was just broken, and makes each a `connection`.
/// Answers `open_listener` with `listening_at`, or why not. Ends with all its
/// connections. Runs on the I/O thread.
caf::behavior
listener(caf::stateful_actor<listener_state, caf::io::broker>* self,
         listener_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(open_listener)
LOCKSTEP_LOCAL_MESSAGE(listening_at)
LOCKSTEP_LOCAL_MESSAGE(close_listener)
LOCKSTEP_LOCAL_MESSAGE(stranger_broke)
LOCKSTEP_LOCAL_MESSAGE(friend_came)
