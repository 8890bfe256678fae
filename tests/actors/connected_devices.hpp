#pragma once

#include "actors/gateway.hpp"
#include "actors/local_network.hpp"
#include "tests/support/deterministic.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace lockstep {

inline constexpr device_id ann{{1}};
inline constexpr device_id bob{{2}};
inline constexpr device_id eve{{3}};
inline constexpr library_id photos{{10}};
inline constexpr library_id music{{11}};

/// What one listener was told.
struct ear {
  std::map<device_id, peer_actor> peers;
  std::vector<device_id> went_down;
  std::vector<std::pair<device_id, peer_message>> heard;
};

inline peer_listener::behavior_type listen(peer_listener::pointer, ear* into) {
  return {
    [into](const peer_up& what) { into->peers[what.device] = what.peer; },
    [into](const peer_down& what) {
      into->peers.erase(what.device);
      into->went_down.push_back(what.device);
    },
    [into](const from_peer& what) {
      into->heard.emplace_back(what.device, what.message);
    },
  };
}

/// A device with one open library.
struct connected_device {
  gateway_actor gateway;
  ear leadership;
  ear replication;
};

/// Some devices on one network, and what their listeners hear.
class connected_devices : public deterministic {
protected:
  void SetUp() override {
    network = spawn(local_network);
  }

  void TearDown() override {
    network = nullptr;
    devices.clear();
    deterministic::TearDown();
  }

  connected_device& start(device_id id) {
    auto& made = devices[id];
    made.gateway
      = spawn(gateway, gateway_setup{id, network, simulated_environment()});
    run();
    return made;
  }

  void open(device_id id, library_id library, std::vector<device_id> members) {
    auto& at = devices[id];
    tell(at.gateway,
         attach_library{library, spawn(listen, &at.leadership),
                        spawn(listen, &at.replication), std::move(members)});
  }

  /// Ann and Bob share the photos.
  void start_pair() {
    start(ann);
    start(bob);
    open(ann, photos, {ann, bob});
    open(bob, photos, {ann, bob});
  }

  /// Replication of `from` says this to `to`.
  void say(device_id from, device_id to, peer_message what,
           library_id library = photos) {
    auto& peers = devices[from].replication.peers;
    ASSERT_TRUE(peers.contains(to));
    tell(peers[to], envelope{library, std::move(what)});
  }

  std::vector<std::uint64_t> numbers_heard(device_id at) {
    std::vector<std::uint64_t> result;
    for (const auto& [from, what] : devices[at].replication.heard)
      result.push_back(std::get<proposal_ack>(what).through.value);
    return result;
  }

  /// Ann tells Bob numbers, in order.
  void say_numbers(std::uint64_t first, std::uint64_t last) {
    for (auto number = first; number <= last; ++number)
      say(ann, bob, proposal_ack{{}, device_sequence_number{number}, false});
  }

  local_network_actor network;
  std::map<device_id, connected_device> devices;
};

} // namespace lockstep
