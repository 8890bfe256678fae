#pragma once

#include "messages/clock.hpp"

#include <chrono>
#include <cstddef>

namespace lockstep {

/// Limits of a device's place on the network of machines.
struct network_settings {
  /// Incoming connections at most; more are closed at once.
  std::size_t connection_limit = 256;
  /// How long a connection may take for each step before it is a session.
  duration handshake = std::chrono::seconds{10};
  /// How often a session that says nothing shows that it is there. After three
  /// times of silence the other side is taken for gone.
  duration keepalive = std::chrono::seconds{15};
  /// How long dialling one address may take.
  duration dial_timeout = std::chrono::seconds{3};
  /// How long to wait before dialling again; doubles each time.
  duration redial_first = std::chrono::milliseconds{500};
  duration redial_most = std::chrono::seconds{30};
  /// How often a device that listens says on its local networks where; 0s: it
  /// never does, and hears nobody.
  duration discovery = std::chrono::seconds{30};
  /// Bytes that wait for one device at most; messages beyond are dropped.
  std::size_t send_queue_limit = std::size_t{128} << 20;
};

} // namespace lockstep
