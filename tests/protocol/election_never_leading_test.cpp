#include "tests/protocol/elections.hpp"

#include <gtest/gtest.h>

// A device that never leads, and members that need a leader to get a log.
namespace lockstep {
namespace {

using namespace elections;

const auto late = t0 + 2min;

hello greeting(log_position head) {
  hello result;
  result.head = head;
  return result;
}

/// Whether it does so by itself.
bool asks(election& machine) {
  for (int i = 0; i < 3 && machine.deadline(); ++i) {
    expire(machine);
    if (machine.view().role == role::candidate)
      return true;
  }
  return false;
}

/// Device b, which heard that c has come with an empty log.
election needed_by_c(consistency mode = consistency::available) {
  auto setup = never_leading(mode);
  setup.members = members({b, c});
  auto machine = started(setup, {c});
  expire(machine);
  machine.on(c, greeting({}), late);
  return machine;
}

TEST(election_of_one_that_never_leads, leads_for_a_member_whose_log_is_empty) {
  for (auto mode : {consistency::available, consistency::quorum}) {
    auto machine = needed_by_c(mode);
    EXPECT_EQ(machine.view().role, role::follower);
    ASSERT_TRUE(asks(machine));
    machine.on(c, vote{under(2, b), true, refusal::none, {}},
               *machine.deadline() - 1s);
    EXPECT_EQ(machine.view().role, role::leader);
  }
}

TEST(election_of_one_that_never_leads, hands_over_to_it_once_it_has_all) {
  auto machine = needed_by_c();
  ASSERT_TRUE(asks(machine));
  const auto now = *machine.deadline();
  expire(machine);
  ASSERT_EQ(machine.view().role, role::leader);
  machine.on(c, heartbeat_ack{under(2, b), shorter}, now);
  EXPECT_EQ(machine.view().role, role::leader);
  const auto effects = machine.on(c, heartbeat_ack{under(2, b), same}, now);
  EXPECT_TRUE(said<hand_over>(effects, c));
  EXPECT_EQ(machine.view().role, role::follower);
  // Whether that one leads is its own affair now.
  EXPECT_FALSE(asks(machine));
}

TEST(election_of_one_that_never_leads, hears_that_again_and_again) {
  auto setup = follower_of_a();
  setup.members = members({a});
  setup.head = {};
  auto machine = started(setup, {a});
  for (int i = 0; i < 3; ++i) {
    const auto asked = said<hello>(expire(machine), a);
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->head, log_position{});
  }
  // Not from one that knows who leads, nor from one that may lead.
  machine.on(a, heartbeat{under(1, a), same, {}}, *machine.deadline());
  EXPECT_EQ(machine.view().leader, a);
  machine.on(members_changed{members({a, b})}, *machine.deadline());
  EXPECT_FALSE(said<hello>(expire(machine), a));
}

TEST(election_of_one_that_never_leads, stands_for_nobody_who_has_a_log) {
  auto machine = started(never_leading(), {c});
  expire(machine);
  machine.on(c, greeting(shorter), late);
  EXPECT_FALSE(asks(machine));
}

TEST(election_of_one_that_never_leads, stands_for_nobody_who_is_away) {
  auto machine = needed_by_c();
  machine.peer_down(c, late);
  EXPECT_FALSE(asks(machine));
}

TEST(election_of_one_that_never_leads, stands_for_nobody_who_asks_itself) {
  auto machine = needed_by_c();
  machine.on(c, claim_of(c, 2, shorter), late);
  EXPECT_FALSE(asks(machine));
}

TEST(election_of_one_that_never_leads, lets_the_others_ask_before_it) {
  auto machine = started(never_leading(), {a, c});
  const auto now = t0 + 10s;
  machine.on(a, heartbeat{under(1, a), same, {}}, now);
  machine.on(c, greeting({}), now);
  const auto gone = *machine.deadline();
  expire(machine);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_TRUE(machine.view().leader.is_nil());
  EXPECT_EQ(*machine.deadline() - gone, leadership_settings{}.timeout);
  const auto effects = machine.on(a, claim_of(a, 2, shorter), gone + 1s);
  EXPECT_TRUE(said<vote>(effects, a)->granted);
}

} // namespace
} // namespace lockstep
