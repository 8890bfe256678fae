#include "tests/protocol/elections.hpp"

#include <gtest/gtest.h>

// A device whose log is of an older copy: others may count on what it held.
namespace lockstep {
namespace {

using namespace elections;

election_setup of_older_copy() {
  auto setup = follower_of_a();
  setup.is_of_older_copy = true;
  return setup;
}

const auto late = t0 + 2min;

claim older_claim(std::uint64_t term, log_position head) {
  auto result = claim_of(c, term, head);
  result.is_of_older_copy = true;
  return result;
}

/// Whether it does so by itself.
bool asks_again(election& machine) {
  for (int i = 0; i < 3 && machine.deadline(); ++i) {
    if (machine.view().role == role::candidate)
      return true;
    expire(machine);
  }
  return machine.view().role == role::candidate;
}

vote granted(std::uint64_t term) {
  return {under(term, b), true, refusal::none, under(1, a)};
}

TEST(election_of_an_older_copy, is_not_asked_for_while_a_member_is_away) {
  auto machine = started(of_older_copy(), {c});
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(said<claim>(expire(machine), c));
    EXPECT_EQ(machine.view().role, role::follower);
  }
  machine.peer_up(a, *machine.deadline());
  EXPECT_TRUE(said<claim>(expire(machine), c));
}

TEST(election_of_an_older_copy, takes_the_votes_of_all) {
  auto machine = started(of_older_copy(), {a, c});
  expire(machine);
  ASSERT_EQ(machine.view().role, role::candidate);
  const auto now = *machine.deadline() - 1s;
  machine.on(c, granted(2), now);
  EXPECT_EQ(machine.view().role, role::candidate);
  // Silence is no consent here.
  auto other = machine;
  expire(other);
  EXPECT_EQ(other.view().role, role::follower);
  machine.on(a, granted(2), now);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election_of_an_older_copy, keeps_nobody_from_leading_whom_it_cannot_beat) {
  auto machine = started(of_older_copy(), {c});
  const auto effects = machine.on(c, claim_of(c, 2, shorter), t0 + 2min);
  EXPECT_TRUE(said<vote>(effects, c)->granted);
  auto all_there = started(of_older_copy(), {a, c});
  const auto refused = all_there.on(c, claim_of(c, 2, shorter), t0 + 2min);
  EXPECT_EQ(said<vote>(refused, c)->reason, refusal::better_log);
}

TEST(election_of_an_older_copy, gives_way_once_it_has_tried_in_vain) {
  auto machine = started(of_older_copy(), {a, c});
  expire(machine);
  ASSERT_EQ(machine.view().role, role::candidate);
  machine.on(c, granted(2), *machine.deadline());
  expire(machine);
  const auto effects = machine.on(c, claim_of(c, 3, shorter), t0 + 2min);
  EXPECT_TRUE(said<vote>(effects, c)->granted);
  // The one that did not answer has opened the library by now.
  machine.on(a, hello{}, t0 + 3min);
  const auto later = machine.on(c, claim_of(c, 4, shorter), t0 + 3min);
  EXPECT_EQ(said<vote>(later, c)->reason, refusal::better_log);
}

TEST(election_of_an_older_copy, gives_way_to_no_other_that_lacks_more) {
  auto machine = started(of_older_copy(), {a, c});
  expire(machine);
  machine.on(c, granted(2), *machine.deadline());
  expire(machine);
  auto asked = claim_of(c, 3, shorter);
  asked.is_of_older_copy = true;
  const auto effects = machine.on(c, asked, t0 + 2min);
  EXPECT_EQ(said<vote>(effects, c)->reason, refusal::better_log);
  EXPECT_TRUE(said<claim>(expire(machine), c)->is_of_older_copy);
}

TEST(election_of_an_older_copy, is_not_let_lead_without_what_it_had_held) {
  auto machine = started(never_leading(), {c});
  EXPECT_TRUE(
    said<vote>(election{machine}.on(c, claim_of(c, 2, shorter), late), c)
      ->granted);
  const auto effects = machine.on(c, older_claim(2, shorter), late);
  EXPECT_EQ(said<vote>(effects, c)->reason, refusal::better_log);
  EXPECT_TRUE(said<claim>(effects, c));
}

TEST(election_of_an_older_copy, who_stands_for_it_goes_on_after_two_such_met) {
  auto machine = started(never_leading(), {a, c});
  ASSERT_TRUE(said<claim>(machine.on(c, older_claim(2, shorter), late), a));
  machine.on(a, claim_of(a, 3, same, -1), late);
  ASSERT_EQ(machine.view().role, role::follower);
  machine.on(c, older_claim(4, shorter), late + 1s);
  EXPECT_TRUE(asks_again(machine));
}

TEST(election_of_an_older_copy, who_stands_for_it_goes_on_after_a_late_vote) {
  auto setup = never_leading();
  setup.is_of_older_copy = true;
  setup.members = members({b, c});
  auto machine = started(setup, {c});
  machine.on(c, older_claim(2, shorter), late);
  ASSERT_EQ(machine.view().role, role::candidate);
  expire(machine);
  ASSERT_EQ(machine.view().role, role::follower);
  machine.on(c, older_claim(4, shorter), late + 1min);
  EXPECT_TRUE(asks_again(machine));
}

TEST(election_of_an_older_copy, who_stands_for_it_waits_while_it_is_away) {
  auto machine = started(never_leading(), {a, c});
  machine.on(c, older_claim(2, shorter), late);
  machine.on(a, claim_of(a, 3, same, -1), late);
  machine.peer_down(c, late);
  EXPECT_FALSE(asks_again(machine));
}

TEST(election_of_an_older_copy, who_stands_for_it_gives_way_once_it_has_all) {
  auto machine = started(never_leading(), {c});
  const auto asked = machine.on(c, older_claim(2, shorter), late);
  const auto mine = said<claim>(asked, c)->ballot;
  machine.on(c, vote{mine, true, refusal::none, under(1, a)}, late + 1s);
  ASSERT_EQ(machine.view().role, role::leader);
  machine.on(c, heartbeat_ack{mine, shorter}, late + 2s);
  EXPECT_EQ(machine.view().role, role::leader);
  const auto effects = machine.on(c, heartbeat_ack{mine, same}, late + 3s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_TRUE(said<hand_over>(effects, c));
}

TEST(election_of_an_older_copy, who_stands_for_it_gives_way_to_who_may_lead) {
  for (auto mode : {consistency::available, consistency::quorum}) {
    auto machine = started(never_leading(mode), {a, c});
    const auto asked = machine.on(c, older_claim(2, shorter), late);
    const auto mine = said<claim>(asked, c)->ballot;
    for (auto each : {a, c})
      machine.on(each, vote{mine, true, refusal::none, under(1, a)}, late + 1s);
    ASSERT_EQ(machine.view().role, role::leader);
    // It has never asked: it may be one that never leads, too.
    machine.on(a, heartbeat_ack{mine, same}, late + 2s);
    EXPECT_EQ(machine.view().role, role::leader);
    machine.on(c, heartbeat_ack{mine, same}, late + 2s);
    EXPECT_EQ(machine.view().role, role::follower);
  }
}

TEST(election_of_an_older_copy,
     believes_who_follows_one_that_it_calls_removed) {
  auto setup = of_older_copy();
  setup.members = members({b, c});
  setup.members.push_back({a, "device", true});
  auto machine = started(setup, {c});
  expire(machine);
  ASSERT_EQ(machine.view().role, role::candidate);
  const auto refused = [&](refusal reason, ballot known) {
    auto asked = machine;
    asked.on(c, vote{under(2, b), false, reason, known}, t0 + 61s);
    return asked.view().role != role::leader;
  };
  // That one may have been let in again since the copy was made.
  EXPECT_TRUE(refused(refusal::better_log, under(1, a)));
  EXPECT_TRUE(refused(refusal::live_leader, under(1, a)));
  EXPECT_TRUE(refused(refusal::live_leader, under(5, a)));
  // Not so where it led before what this log ends with.
  EXPECT_FALSE(refused(refusal::live_leader, under(0, a)));
}

TEST(election_of_an_older_copy, has_the_vote_of_who_was_removed) {
  auto setup = follower_of_a();
  setup.members = members({c});
  setup.members.push_back({b, "device", true});
  auto machine = started(setup, {c});
  const auto effects = machine.on(c, older_claim(2, shorter), late);
  EXPECT_TRUE(said<vote>(effects, c)->granted);
}

TEST(election_of_an_older_copy, leads_where_there_is_nobody_else) {
  auto setup = of_older_copy();
  setup.members = members({b});
  auto machine = started(setup, {});
  expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(2, b));
}

TEST(election_of_an_older_copy, gives_no_vote_that_makes_a_majority) {
  auto setup = of_older_copy();
  setup.settings.consistency = consistency::quorum;
  auto machine = started(setup, {c});
  const auto shorter_one = machine.on(c, claim_of(c, 2, shorter), t0 + 2min);
  EXPECT_FALSE(said<vote>(shorter_one, c)->granted);
  const auto effects = machine.on(c, claim_of(c, 3, longer), t0 + 3min);
  EXPECT_TRUE(said<vote>(effects, c)->granted);
  EXPECT_EQ(said<vote>(effects, c)->reason, refusal::older_copy);
  machine.on(members_changed{members({a, b, c})}, t0 + 3min);
  const auto later = machine.on(c, claim_of(c, 4, longer), t0 + 4min);
  EXPECT_TRUE(said<vote>(later, c)->granted);
  EXPECT_EQ(said<vote>(later, c)->reason, refusal::none);
}

TEST(election_of_an_older_copy,
     counts_for_another_only_among_the_votes_of_all) {
  auto setup = follower_of_a();
  setup.settings.consistency = consistency::quorum;
  auto machine = started(setup, {a, c});
  expire(machine);
  ASSERT_EQ(machine.view().role, role::candidate);
  const auto now = *machine.deadline() - 1s;
  machine.on(c, vote{under(2, b), true, refusal::older_copy, under(1, a)}, now);
  auto alone = machine;
  expire(alone);
  EXPECT_EQ(alone.view().role, role::follower)
    << "two of three, but one forgot";
  machine.on(a, vote{under(2, b), true, refusal::older_copy, under(1, a)}, now);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election_of_an_older_copy, is_as_any_other_once_the_log_is_whole) {
  auto machine = started(of_older_copy(), {c});
  machine.on(members_changed{members({a, b, c})}, t0);
  EXPECT_TRUE(said<claim>(expire(machine), c));
  expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
}

} // namespace
} // namespace lockstep
