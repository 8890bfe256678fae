#include "actors/gateway.hpp"

#include "tests/support/deterministic.hpp"
#include "transport/codec.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr device_id ann{{1}};
constexpr device_id bob{{2}};
constexpr device_id eve{{3}};
constexpr library_id photos{{10}};
constexpr library_id music{{11}};

/// What one listener was told.
struct ear {
  std::map<device_id, peer_actor> peers;
  std::vector<device_id> went_down;
  std::vector<std::pair<device_id, peer_message>> heard;
};

peer_listener::behavior_type listen(peer_listener::pointer, ear* into) {
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
struct device {
  gateway_actor gateway;
  ear leadership;
  ear replication;
};

class gateway_test : public deterministic {
protected:
  void SetUp() override {
    network = spawn(local_network);
  }

  void TearDown() override {
    network = nullptr;
    devices.clear();
    deterministic::TearDown();
  }

  device& start(device_id id) {
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

  void say_numbers(std::uint64_t first, std::uint64_t last) {
    for (auto number = first; number <= last; ++number)
      say(ann, bob, proposal_ack{{}, device_sequence_number{number}, false});
  }

  local_network_actor network;
  std::map<device_id, device> devices;
};

TEST_F(gateway_test, members_of_a_library_meet) {
  start_pair();
  for (auto [here, there] : {std::pair{ann, bob}, std::pair{bob, ann}}) {
    EXPECT_TRUE(devices[here].leadership.peers.contains(there));
    EXPECT_TRUE(devices[here].replication.peers.contains(there));
    EXPECT_EQ(devices[here].replication.peers.size(), 1u);
  }
}

TEST_F(gateway_test, members_meet_also_when_the_other_device_comes_later) {
  start(ann);
  open(ann, photos, {ann, bob});
  EXPECT_TRUE(devices[ann].leadership.peers.empty());
  start(bob);
  EXPECT_TRUE(devices[ann].leadership.peers.contains(bob));
}

TEST_F(gateway_test, messages_arrive_as_they_were_said_and_name_the_sender) {
  start_pair();
  const hello said{1, "Ann's laptop", {term_number{3}, ann}, ann, {}};
  say(ann, bob, said);
  ASSERT_EQ(devices[bob].replication.heard.size(), 1u);
  EXPECT_EQ(devices[bob].replication.heard[0],
            (std::pair<device_id, peer_message>{ann, said}));
  EXPECT_TRUE(devices[ann].replication.heard.empty());
}

TEST_F(gateway_test, messages_larger_than_a_frame_arrive) {
  start_pair();
  propose said;
  said.operations.emplace_back().data.assign(std::size_t{3} << 20, 'x');
  say(ann, bob, said);
  ASSERT_EQ(devices[bob].replication.heard.size(), 1u);
  EXPECT_EQ(devices[bob].replication.heard[0].second, peer_message{said});
}

TEST_F(gateway_test, a_message_beyond_the_limit_is_not_sent) {
  start_pair();
  propose said;
  said.operations.emplace_back().data.resize(frame_limits{}.message);
  say(ann, bob, said);
  EXPECT_TRUE(devices[bob].replication.heard.empty());
  EXPECT_TRUE(devices[bob].replication.peers.contains(ann));
}

TEST_F(gateway_test, leadership_hears_elections_and_replication_the_rest) {
  start_pair();
  const std::vector<peer_message> elections{heartbeat_ack{}, claim{}, vote{},
                                            hand_over{}};
  const std::vector<peer_message> others{
    new_entries{}, fetch_entries{}, entries{}, sync_required{}, acknowledge{},
    propose{},     proposal_ack{},  hello{},   welcome{}};
  for (const auto& what : elections)
    say(ann, bob, what);
  EXPECT_EQ(devices[bob].leadership.heard.size(), elections.size());
  EXPECT_EQ(devices[bob].replication.heard.size(), 0u);
  for (const auto& what : others)
    say(ann, bob, what);
  EXPECT_EQ(devices[bob].leadership.heard.size(), elections.size());
  EXPECT_EQ(devices[bob].replication.heard.size(), others.size());
}

TEST_F(gateway_test, both_hear_a_heartbeat) {
  start_pair();
  say(ann, bob, heartbeat{});
  EXPECT_EQ(devices[bob].leadership.heard.size(), 1u);
  EXPECT_EQ(devices[bob].replication.heard.size(), 1u);
}

TEST_F(gateway_test, others_are_no_peers) {
  start_pair();
  start(eve);
  open(eve, photos, {ann, bob, eve});
  EXPECT_FALSE(devices[ann].replication.peers.contains(eve));
  EXPECT_FALSE(devices[bob].leadership.peers.contains(eve));
}

TEST_F(gateway_test, what_others_say_is_dropped) {
  start_pair();
  start(eve);
  open(eve, photos, {ann, bob, eve});
  say(eve, ann, propose{});
  EXPECT_TRUE(devices[ann].replication.heard.empty());
}

TEST_F(gateway_test, what_is_said_about_a_library_that_is_not_open_is_dropped) {
  start_pair();
  say(ann, bob, propose{}, music);
  EXPECT_TRUE(devices[bob].replication.heard.empty());
  say(ann, bob, propose{}, photos);
  EXPECT_EQ(devices[bob].replication.heard.size(), 1u);
}

TEST_F(gateway_test, a_new_member_is_announced) {
  start_pair();
  start(eve);
  tell(devices[ann].gateway, set_library_members{photos, {ann, bob, eve}});
  EXPECT_TRUE(devices[ann].leadership.peers.contains(eve));
  EXPECT_TRUE(devices[ann].replication.peers.contains(eve));
  EXPECT_TRUE(devices[ann].replication.went_down.empty());
}

TEST_F(gateway_test, a_removed_member_is_gone_and_no_longer_heard) {
  start_pair();
  tell(devices[ann].gateway, set_library_members{photos, {ann}});
  EXPECT_TRUE(devices[ann].leadership.peers.empty());
  EXPECT_EQ(devices[ann].replication.went_down, std::vector{bob});
  say(bob, ann, propose{});
  EXPECT_TRUE(devices[ann].replication.heard.empty());
}

TEST_F(gateway_test, a_lost_link_takes_the_peer_along_and_a_new_one_brings_it) {
  start_pair();
  const auto before = devices[ann].replication.peers[bob].address();
  tell(network, set_link{bob, ann, false});
  for (auto id : {ann, bob}) {
    EXPECT_TRUE(devices[id].leadership.peers.empty());
    EXPECT_TRUE(devices[id].replication.peers.empty());
    EXPECT_EQ(devices[id].replication.went_down.size(), 1u);
  }
  tell(network, set_link{ann, bob, true});
  ASSERT_TRUE(devices[ann].replication.peers.contains(bob));
  EXPECT_NE(devices[ann].replication.peers[bob].address(), before);
  say(bob, ann, propose{});
  EXPECT_EQ(devices[ann].replication.heard.size(), 1u);
}

TEST_F(gateway_test, a_device_that_is_offline_reaches_nobody) {
  start_pair();
  start(eve);
  for (auto id : {ann, bob})
    tell(devices[id].gateway, set_library_members{photos, {ann, bob, eve}});
  tell(network, set_online{bob, false});
  EXPECT_FALSE(devices[ann].replication.peers.contains(bob));
  EXPECT_TRUE(devices[ann].replication.peers.contains(eve));
  EXPECT_TRUE(devices[bob].replication.peers.empty());
  tell(network, set_online{bob, true});
  EXPECT_EQ(devices[bob].replication.peers.size(), 2u);
}

TEST_F(gateway_test, a_device_may_be_offline_before_it_starts) {
  tell(network, set_online{bob, false});
  start_pair();
  EXPECT_TRUE(devices[ann].replication.peers.empty());
}

TEST_F(gateway_test, what_is_under_way_when_a_link_breaks_is_lost) {
  start_pair();
  tell(network, set_faults{1s, 1s, 0, 0, 1});
  say_numbers(1, 1);
  tell(network, set_link{ann, bob, false});
  tell(network, set_link{ann, bob, true});
  say_numbers(2, 2);
  advance(2s);
  EXPECT_EQ(numbers_heard(bob), std::vector<std::uint64_t>{2});
}

TEST_F(gateway_test, a_peer_that_sends_garbage_is_cut_off_until_a_new_link) {
  start_pair();
  const auto garbage = std::make_shared<const std::vector<bytes>>(
    std::vector<bytes>{split(bytes{1, 2, 3}).value().front()});
  tell(network, carry_frames{ann, bob, garbage});
  EXPECT_TRUE(devices[bob].replication.peers.empty());
  EXPECT_EQ(devices[bob].leadership.went_down, std::vector{ann});
  say(ann, bob, propose{});
  EXPECT_TRUE(devices[bob].replication.heard.empty());
  tell(network, set_link{ann, bob, false});
  EXPECT_EQ(devices[bob].leadership.went_down, std::vector{ann});
  tell(network, set_link{ann, bob, true});
  say(ann, bob, propose{});
  EXPECT_EQ(devices[bob].replication.heard.size(), 1u);
}

TEST_F(gateway_test, a_peer_that_claims_a_frame_too_long_is_cut_off) {
  start_pair();
  const auto claim = std::make_shared<const std::vector<bytes>>(
    std::vector<bytes>{{0xff, 0xff, 0xff, 0xff, 0}});
  tell(network, carry_frames{ann, bob, claim});
  EXPECT_TRUE(devices[bob].replication.peers.empty());
}

TEST_F(gateway_test, a_detached_library_is_told_and_hears_nothing_more) {
  start_pair();
  EXPECT_TRUE(ask<done>(devices[bob].gateway, detach_library{photos}));
  run();
  EXPECT_EQ(devices[bob].leadership.went_down, std::vector{ann});
  EXPECT_EQ(devices[bob].replication.went_down, std::vector{ann});
  say(ann, bob, propose{});
  EXPECT_TRUE(devices[bob].replication.heard.empty());
}

TEST_F(gateway_test, a_library_attached_again_meets_its_members_again) {
  start_pair();
  ASSERT_TRUE(ask<done>(devices[bob].gateway, detach_library{photos}));
  open(bob, photos, {ann, bob});
  EXPECT_TRUE(devices[bob].replication.peers.contains(ann));
}

TEST_F(gateway_test, closing_leaves_the_network_and_ends_what_it_started) {
  start_pair();
  // Listeners that keep a handle to the bitter end do not keep peers alive.
  const auto kept = devices[bob].replication.peers[ann];
  const auto before = system().registry().running();
  EXPECT_TRUE(ask<done>(devices[bob].gateway, close_gateway{}));
  run();
  EXPECT_TRUE(devices[ann].replication.peers.empty());
  EXPECT_TRUE(devices[bob].replication.peers.empty());
  // Bob's gateway and peer, and Ann's peer.
  EXPECT_EQ(system().registry().running(), before - 3);
}

TEST_F(gateway_test, a_gateway_that_dies_is_taken_off_the_network) {
  start_pair();
  kill(devices[bob].gateway);
  run();
  EXPECT_EQ(devices[ann].replication.went_down, std::vector{bob});
}

TEST_F(gateway_test, a_device_that_restarts_at_once_is_met_anew) {
  start_pair();
  kill(devices[bob].gateway);
  devices[bob].replication = {};
  start(bob);
  open(bob, photos, {ann, bob});
  EXPECT_EQ(devices[ann].replication.went_down, std::vector{bob});
  say(ann, bob, propose{});
  say(bob, ann, propose{});
  EXPECT_EQ(devices[bob].replication.heard.size(), 1u);
  EXPECT_EQ(devices[ann].replication.heard.size(), 1u);
}

TEST_F(gateway_test, a_network_without_faults_delivers_at_once_and_in_order) {
  start_pair();
  say_numbers(1, 3);
  EXPECT_EQ(numbers_heard(bob), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(gateway_test, a_slow_network_delivers_late) {
  start_pair();
  tell(network, set_faults{100ms, 100ms, 0, 0, 1});
  say_numbers(1, 3);
  advance(99ms);
  EXPECT_TRUE(numbers_heard(bob).empty());
  advance(1ms);
  EXPECT_EQ(numbers_heard(bob), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(gateway_test, an_uneven_network_reorders) {
  start_pair();
  tell(network, set_faults{1ms, 500ms, 0, 0, 1});
  say_numbers(1, 50);
  advance(500ms);
  auto heard = numbers_heard(bob);
  EXPECT_FALSE(std::is_sorted(heard.begin(), heard.end()));
  EXPECT_EQ(std::set(heard.begin(), heard.end()).size(), 50u);
}

TEST_F(gateway_test, a_lossy_network_loses_some_and_doubles_some) {
  start_pair();
  tell(network, set_faults{{}, {}, 300, 0, 1});
  say_numbers(1, 200);
  const auto lossy = numbers_heard(bob).size();
  EXPECT_GT(lossy, 100u);
  EXPECT_LT(lossy, 180u);
  devices[bob].replication.heard.clear();
  tell(network, set_faults{{}, {}, 0, 300, 1});
  say_numbers(1, 200);
  const auto doubled = numbers_heard(bob).size();
  EXPECT_GT(doubled, 220u);
  EXPECT_LT(doubled, 300u);
}

TEST_F(gateway_test, the_same_seed_brings_the_same_faults) {
  start_pair();
  std::vector<std::vector<std::uint64_t>> runs;
  for (std::uint64_t seed : {7, 7, 8}) {
    tell(network, set_faults{1ms, 50ms, 200, 200, seed});
    say_numbers(1, 50);
    advance(50ms);
    runs.push_back(numbers_heard(bob));
    devices[bob].replication.heard.clear();
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

} // namespace
} // namespace lockstep
