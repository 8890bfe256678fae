#include "actors/local_network.hpp"

#include "tests/actors/connected_devices.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <vector>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

using local_network_test = connected_devices;

TEST_F(local_network_test,
       a_lost_link_takes_the_peer_along_and_a_new_one_brings_it) {
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

TEST_F(local_network_test, a_device_that_is_offline_reaches_nobody) {
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

TEST_F(local_network_test, a_device_may_be_offline_before_it_starts) {
  tell(network, set_online{bob, false});
  start_pair();
  EXPECT_TRUE(devices[ann].replication.peers.empty());
}

TEST_F(local_network_test, what_is_under_way_when_a_link_breaks_is_lost) {
  start_pair();
  tell(network, set_faults{1s, 1s, 0, 0, 1});
  say_numbers(1, 1);
  tell(network, set_link{ann, bob, false});
  tell(network, set_link{ann, bob, true});
  say_numbers(2, 2);
  advance(2s);
  EXPECT_EQ(numbers_heard(bob), std::vector<std::uint64_t>{2});
}

TEST_F(local_network_test, a_gateway_that_dies_is_taken_off_the_network) {
  start_pair();
  kill(devices[bob].gateway);
  run();
  EXPECT_EQ(devices[ann].replication.went_down, std::vector{bob});
}

TEST_F(local_network_test, a_device_that_restarts_at_once_is_met_anew) {
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

TEST_F(local_network_test,
       a_network_without_faults_delivers_at_once_and_in_order) {
  start_pair();
  say_numbers(1, 3);
  EXPECT_EQ(numbers_heard(bob), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(local_network_test, a_slow_network_delivers_late) {
  start_pair();
  tell(network, set_faults{100ms, 100ms, 0, 0, 1});
  say_numbers(1, 3);
  advance(99ms);
  EXPECT_TRUE(numbers_heard(bob).empty());
  advance(1ms);
  EXPECT_EQ(numbers_heard(bob), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(local_network_test, a_slow_way_delivers_late_in_its_direction_only) {
  start_pair();
  tell(network, set_slow{ann, bob, 100ms});
  say_numbers(1, 1);
  say(bob, ann, propose{});
  EXPECT_EQ(devices[ann].replication.heard.size(), 1u);
  advance(99ms);
  EXPECT_TRUE(numbers_heard(bob).empty());
  advance(1ms);
  EXPECT_EQ(numbers_heard(bob), std::vector<std::uint64_t>{1});
  tell(network, set_slow{ann, bob, 0ms});
  say_numbers(2, 2);
  EXPECT_EQ(numbers_heard(bob), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(local_network_test, an_uneven_network_reorders) {
  start_pair();
  tell(network, set_faults{1ms, 500ms, 0, 0, 1});
  say_numbers(1, 50);
  advance(500ms);
  auto heard = numbers_heard(bob);
  EXPECT_FALSE(std::is_sorted(heard.begin(), heard.end()));
  EXPECT_EQ(std::set(heard.begin(), heard.end()).size(), 50u);
}

TEST_F(local_network_test, a_lossy_network_loses_some_and_doubles_some) {
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

TEST_F(local_network_test, the_same_seed_brings_the_same_faults) {
  start_pair();
  std::vector<std::vector<std::uint64_t>> runs;
  for (std::uint64_t seed : {7u, 7u, 8u}) {
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
