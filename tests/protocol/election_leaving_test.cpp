// How a leadership is handed over, and what becomes of one that was removed.
#include "tests/protocol/elections.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace elections;

TEST(election, transfer_waits_until_the_target_has_everything) {
  auto machine = started(leader_b(), {a, c});
  EXPECT_TRUE(said<heartbeat>(machine.transfer(1, c, t0), c));
  auto effects = machine.on(c, heartbeat_ack{under(2, b), shorter}, t0);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_TRUE(said<heartbeat>(machine.on_tick(t0 + 500ms), c));
  effects = machine.on(c, heartbeat_ack{under(2, b), same}, t0 + 1s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
  EXPECT_EQ(said<hand_over>(effects, c)->ballot, under(2, b));
  effects = machine.on(c, claim{under(3, c), same, 0, true}, t0 + 1s);
  EXPECT_TRUE(said<vote>(effects, c)->granted);
  effects = machine.on(c, heartbeat{under(3, c), same, {}}, t0 + 1s);
  EXPECT_EQ(answered(effects, 1), errc::none);
}

TEST(election, transfer_gives_up_on_a_target_that_stays_behind) {
  auto machine = started(leader_b(), {c});
  machine.transfer(1, c, t0);
  std::optional<errc> outcome;
  while (!outcome && *machine.deadline() < t0 + 90s)
    outcome = answered(expire(machine), 1);
  EXPECT_EQ(outcome, errc::timed_out);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election, leader_takes_back_what_nobody_took) {
  auto machine = started(leader_b(), {c});
  machine.on(c, heartbeat_ack{under(2, b), same}, t0);
  machine.transfer(1, c, t0);
  EXPECT_EQ(machine.view().role, role::follower);
  const auto effects = expire(machine);
  EXPECT_EQ(answered(effects, 1), errc::timed_out);
  expire(machine);
  EXPECT_EQ(machine.view().ballot, under(3, b));
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election, impossible_transfers_are_refused) {
  auto machine = started(leader_b(), {c});
  EXPECT_EQ(answered(machine.transfer(1, device(9), t0), 1), errc::not_member);
  EXPECT_EQ(answered(machine.transfer(2, a, t0), 2), errc::not_found);
  EXPECT_EQ(answered(machine.transfer(3, b, t0), 3), errc::none);
  auto follower = started(follower_of_a(), {c});
  EXPECT_EQ(answered(follower.transfer(4, c, t0), 4), errc::not_leader);
}

TEST(election, receiver_of_a_hand_over_claims_at_once) {
  auto machine = started(follower_of_a(), {a, c});
  machine.on(a, heartbeat{under(1, a), same, {}}, t0);
  const auto effects = machine.on(a, hand_over{under(1, a), same}, t0 + 1s);
  EXPECT_TRUE(said<claim>(effects, c)->handed_over);
  // A heartbeat from before the hand-over changes nothing.
  machine.on(a, heartbeat{under(1, a), same, {}}, t0 + 1s);
  EXPECT_EQ(machine.view().role, role::candidate);
}

TEST(election, stepping_down_hands_over_to_the_longest_log) {
  auto machine = started(leader_b(), {a, c});
  machine.on(a, heartbeat_ack{under(2, b), same}, t0);
  machine.on(c, heartbeat_ack{under(2, b), shorter}, t0);
  const auto effects = machine.step_down(8, t0);
  EXPECT_TRUE(said<hand_over>(effects, a));
  EXPECT_FALSE(said<hand_over>(effects, c));
  EXPECT_TRUE(all<persist_leadership>(effects).at(0).leader.is_nil());
  EXPECT_FALSE(answered(effects, 8)) << "the word may take its time";
  auto asked = claim_of(a, 9, same);
  asked.handed_over = true;
  const auto heard = machine.on(a, asked, t0 + 20ms);
  EXPECT_TRUE(said<vote>(heard, a)->granted);
  EXPECT_EQ(answered(heard, 8), errc::none);
  EXPECT_FALSE(machine.deadline());
  EXPECT_TRUE(machine.on(c, claim_of(c, 10, longer), t0 + 1s).empty());
}

TEST(election, stepping_down_ends_where_the_other_does_not_answer) {
  auto machine = started(leader_b(), {a});
  EXPECT_FALSE(answered(machine.step_down(8, t0), 8));
  EXPECT_EQ(answered(machine.request_leadership(9, t0), 9), errc::closed);
  EXPECT_EQ(machine.deadline(), t0 + 2s);
  EXPECT_EQ(answered(machine.on_tick(t0 + 2s), 8), errc::none);
  EXPECT_FALSE(machine.deadline());
}

TEST(election, stepping_down_ends_where_the_other_goes) {
  auto machine = started(leader_b(), {a});
  machine.step_down(8, t0);
  EXPECT_EQ(answered(machine.peer_down(a, t0), 8), errc::none);
}

TEST(election, stepping_down_with_nobody_to_lead_ends_at_once) {
  auto machine = started(leader_b(), {});
  EXPECT_EQ(answered(machine.step_down(8, t0), 8), errc::none);
}

TEST(election, asked_to_lead_it_answers_once_decided) {
  auto machine = started(follower_of_a(), {c});
  EXPECT_FALSE(answered(machine.request_leadership(1, t0), 1));
  auto effects
    = machine.on(c, vote{under(2, b), true, refusal::none, under(1, a)}, t0);
  EXPECT_EQ(answered(effects, 1), errc::none);
  auto refused = started(follower_of_a(), {c});
  refused.request_leadership(2, t0);
  effects = refused.on(
    c, vote{under(2, b), false, refusal::live_leader, under(1, a)}, t0);
  EXPECT_EQ(answered(effects, 2), errc::not_leader);
}

/// Device c has not heard yet that device d, which it follows, was removed.
election_setup with_removed(election_setup result) {
  result.members.push_back({device(4), "device", true});
  return result;
}

TEST(election, leader_outbids_one_that_was_removed) {
  auto machine = started(with_removed(leader_b()), {a, c});
  const auto effects
    = machine.on(c, heartbeat_ack{under(9, device(4)), {}}, t0);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(10, b));
  EXPECT_EQ(said<heartbeat>(effects, c)->ballot, under(10, b));
}

TEST(election, follower_does_not_leave_its_leader_for_one_that_was_removed) {
  auto machine = started(with_removed(follower_of_a()), {a, c});
  machine.on(a, heartbeat{under(1, a), {}, {}}, t0);
  const auto effects
    = machine.on(c, heartbeat_ack{under(9, device(4)), {}}, t0);
  EXPECT_EQ(machine.view().leader, a);
  EXPECT_EQ(said<heartbeat_ack>(effects, a)->ballot, under(9, device(4)))
    << "so that the leader goes above it";
}

TEST(election, refusal_for_the_sake_of_one_that_was_removed_does_not_count) {
  auto machine = started(with_removed(follower_of_a()), {c});
  expire(machine);
  ASSERT_EQ(machine.view().role, role::candidate);
  machine.on(
    c, vote{under(2, b), false, refusal::live_leader, under(9, device(4))},
    t0 + 70s);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election, leader_that_was_removed_hands_over) {
  auto machine = started(leader_b(), {a, c});
  auto list = members({a, b, c});
  list[1].removed = true;
  EXPECT_TRUE(said<hand_over>(machine.on(members_changed{list}, t0), c));
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_FALSE(machine.deadline());
}

} // namespace
} // namespace lockstep
