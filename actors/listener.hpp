#pragma once

#include "actors/connection.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace lockstep {

struct open_listener {};

struct listening_at {
  std::uint16_t port = 0;
};

struct close_listener {};

struct listener_setup {
  /// Empty: on all addresses of this device.
  std::string host;
  /// 0: any that is free.
  std::uint16_t port = 0;
  connection_setup connections;
};

struct listener_state {
  static inline const char* name = "listener";

  std::set<caf::actor> connections;
};

/// Takes in TCP connections, as many as allowed, and makes each a `connection`.
/// Answers `open_listener` with `listening_at`, or why not. Ends with all its
/// connections. Runs on the I/O thread.
caf::behavior
listener(caf::stateful_actor<listener_state, caf::io::broker>* self,
         listener_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(open_listener)
LOCKSTEP_LOCAL_MESSAGE(listening_at)
LOCKSTEP_LOCAL_MESSAGE(close_listener)
