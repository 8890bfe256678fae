#include "protocol/proposer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

struct proposals : testing::Test {
  proposals() {
    context.self.bytes[0] = 1;
    other.bytes[0] = 2;
    context.view.role = role::follower;
    context.view.leader.bytes[0] = 3;
    context.settings.propose_limit = 4;
  }

  /// Transactions of one operation each.
  std::vector<operation> made_by(device_id who, std::uint64_t count) {
    std::vector<operation> list(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      list[i].device = who;
      list[i].device_sequence = list[i].transaction_end
        = device_sequence_number{i + 1};
    }
    return list;
  }

  /// Whether it asks the library for what is pending.
  bool asks() {
    replication_effects out;
    machine.consider(true, out);
    return std::ranges::any_of(out, [](const replication_effect& what) {
      return std::holds_alternative<fetch_pending>(what);
    });
  }

  void wait_out() {
    ASSERT_TRUE(machine.deadline());
    ASSERT_GT(*machine.deadline(), now);
    now = *machine.deadline();
    machine.on_tick(now);
  }

  void propose(std::vector<operation> list) {
    replication_effects out;
    machine.on_pending(pending_batch{std::move(list), {}}, now, out);
    ASSERT_EQ(out.size(), 1U);
  }

  void acknowledge(std::uint64_t through) {
    machine.on_proposal_ack(
      proposal_ack{{}, device_sequence_number{through}, false, false}, now);
  }

  replication_context context;
  device_id other;
  proposer machine{context};
  time_point now{std::chrono::hours{1}};
};

TEST_F(proposals, of_more_own_operations_follow_at_once) {
  ASSERT_TRUE(asks());
  propose(made_by(context.self, 4));
  acknowledge(4);
  EXPECT_TRUE(asks());
}

TEST_F(proposals, of_others_operations_wait_until_their_entries_may_be_here) {
  ASSERT_TRUE(asks());
  for (int i = 0; i < 5; ++i) {
    // The library gives the same ones until their entries have come.
    propose(made_by(other, 4));
    acknowledge(0);
    ASSERT_FALSE(asks());
    wait_out();
    ASSERT_TRUE(asks());
  }
}

TEST_F(proposals, of_others_operations_hold_up_no_own_ones) {
  ASSERT_TRUE(asks());
  auto list = made_by(other, 1);
  const auto own = made_by(context.self, 3);
  list.insert(list.end(), own.begin(), own.end());
  propose(list);
  acknowledge(3);
  EXPECT_TRUE(asks()) << "there may be more of its own";
  propose(made_by(other, 1));
  acknowledge(3);
  EXPECT_FALSE(asks());
  // A new one does not wait with them.
  machine.on_pending_advanced(device_sequence_number{4});
  EXPECT_TRUE(asks());
  auto next = made_by(context.self, 4);
  next.erase(next.begin(), next.end() - 1);
  next.insert(next.begin(), made_by(other, 1).front());
  propose(next);
  acknowledge(4);
  EXPECT_FALSE(asks());
  wait_out();
  EXPECT_TRUE(asks());
}

TEST_F(proposals, that_are_large_get_the_time_to_arrive) {
  ASSERT_TRUE(asks());
  auto large = made_by(context.self, 4);
  for (auto& one : large)
    one.data.resize(std::size_t{1} << 20);
  propose(large);
  // At 256 KiB a second, which a busy machine or a slow link needs.
  now += 16s;
  machine.on_tick(now);
  EXPECT_FALSE(asks());
  now = *machine.deadline();
  EXPECT_LE(now, time_point{1h} + 16s + 2 * context.settings.retry_first);
  machine.on_tick(now);
  EXPECT_TRUE(asks());
}

TEST_F(proposals, end_when_nothing_is_pending) {
  ASSERT_TRUE(asks());
  propose(made_by(other, 3));
  acknowledge(0);
  EXPECT_FALSE(asks());
  wait_out();
  ASSERT_TRUE(asks());
  replication_effects out;
  machine.on_pending(pending_batch{}, now, out);
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(asks());
  EXPECT_FALSE(machine.deadline());
}

} // namespace
} // namespace lockstep
