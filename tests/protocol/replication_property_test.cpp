#include "tests/protocol/replication_world.hpp"

#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

namespace lockstep::testing {
namespace {

using namespace std::chrono_literals;

void expect_equal_and_complete(const replication_world& world) {
  const auto& first = world.library(0).log;
  std::map<device_id, std::set<std::uint64_t>> seen;
  for (const auto& e : first)
    EXPECT_TRUE(seen[e.device].insert(e.device_sequence.value).second)
      << "twice in the log: device " << int{e.device.bytes[0]} << " operation "
      << e.device_sequence.value;
  for (std::uint8_t i = 0; i < world.size(); ++i) {
    EXPECT_EQ(world.library(i).log, first) << "device " << int{i};
    EXPECT_TRUE(world.library(i).pending.empty()) << "device " << int{i};
    EXPECT_EQ(seen[device(i)].size(), world.library(i).accepted_here)
      << "lost operations of device " << int{i};
    EXPECT_EQ(world.machine(i).stable().value, first.size())
      << "device " << int{i};
  }
}

/// At any time: what is called stable is in every log, and the same.
void expect_stable_is_everywhere(const replication_world& world) {
  for (std::uint8_t i = 0; i < world.size(); ++i) {
    auto stable = world.machine(i).stable().value;
    const auto& mine = world.library(i).log;
    for (std::uint8_t other = 0; other < world.size(); ++other) {
      const auto& log = world.library(other).log;
      ASSERT_GE(log.size(), stable);
      ASSERT_TRUE(stable == 0 || log[stable - 1] == mine[stable - 1]);
    }
  }
}

void run(std::uint64_t seed) {
  replication_world world(seed, static_cast<std::uint8_t>(2 + seed % 4));
  world.loss = static_cast<unsigned>(world.random(30));
  world.repeats = static_cast<unsigned>(world.random(30));
  world.elect(true);
  auto anyone = [&] {
    return static_cast<std::uint8_t>(world.random(world.size()));
  };
  for (int step = 0; step < 60; ++step) {
    world.commit(anyone());
    switch (world.random(12)) {
      case 0: {
        std::vector<int> groups;
        for (std::size_t i = 0; i < world.size(); ++i)
          groups.push_back(static_cast<int>(world.random(2)));
        world.partition(groups);
        if (world.random(2) == 0)
          world.elect(false);
        break;
      }
      case 1:
        world.elect(world.random(2) == 0);
        break;
      case 2:
        world.restart(anyone());
        break;
      default:
        break;
    }
    world.run_for(std::chrono::milliseconds{world.random(400)});
    expect_stable_is_everywhere(world);
  }
  world.partition(std::vector<int>(world.size(), 0));
  world.run_for(50ms);
  world.elect(false);
  world.loss = world.repeats = 0;
  world.run_for(180s);
  world.heartbeat();
  world.run_for(1s);
  expect_equal_and_complete(world);
}

/// LOCKSTEP_SEED=n runs that seed alone.
TEST(replication_property, logs_converge_with_every_operation_exactly_once) {
  if (const char* only = std::getenv("LOCKSTEP_SEED")) {
    run(std::strtoull(only, nullptr, 10));
    return;
  }
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    run(seed);
    if (HasFailure()) {
      std::cout << "LOCKSTEP_SEED=" << seed << '\n';
      return;
    }
  }
}

TEST(replication_property, idle_fleet_says_nothing) {
  replication_world world(7, 4);
  world.elect(true);
  for (std::uint8_t i = 0; i < 4; ++i)
    world.commit(i);
  world.run_for(60s);
  expect_equal_and_complete(world);
  auto before = world.messages();
  world.run_for(3600s);
  EXPECT_EQ(world.messages(), before);
}

TEST(replication_property, unreplicated_tail_of_old_leader_is_proposed_again) {
  replication_world world(11, 3);
  world.elect(true);
  world.run_for(1s);
  world.commit(2);
  world.run_for(1s);
  std::uint8_t old_leader = world.library(0).view.leader.bytes[0];
  std::vector<int> groups(3, 0);
  groups[old_leader] = 1;
  world.partition(groups);
  world.commit(old_leader);
  world.commit(old_leader);
  world.run_for(1s);
  world.elect(false);
  for (std::uint8_t i = 0; i < 3; ++i)
    if (i != old_leader)
      for (int n = 0; n < 4; ++n)
        world.commit(i);
  world.run_for(5s);
  world.partition({0, 0, 0});
  world.elect(false);
  world.run_for(60s);
  expect_equal_and_complete(world);
  EXPECT_NE(world.library(0).view.leader.bytes[0], old_leader);
}

} // namespace
} // namespace lockstep::testing
