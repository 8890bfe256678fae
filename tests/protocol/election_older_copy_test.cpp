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

TEST(election_of_an_older_copy, has_the_vote_of_who_never_leads) {
  auto setup = follower_of_a();
  setup.settings.priority = -1;
  auto machine = started(setup, {c});
  auto asked = claim_of(c, 2, shorter);
  asked.is_of_older_copy = true;
  const auto effects = machine.on(c, asked, t0 + 2min);
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
