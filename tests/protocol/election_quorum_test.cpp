#include "tests/protocol/elections.hpp"

#include <gtest/gtest.h>

// Elections with leadership.consistency = quorum.
namespace lockstep {
namespace {

using namespace elections;

election_setup with_quorum(election_setup setup) {
  setup.settings.consistency = consistency::quorum;
  return setup;
}

vote granted(std::uint64_t term) {
  return {under(term, b), true, refusal::none, under(1, a)};
}

vote refused(std::uint64_t term, refusal reason, ballot known) {
  return {under(term, b), false, reason, known};
}

/// Device b that leads a, b and c under term 2, with c's vote at `t0 + 1min`.
election leading_b() {
  auto machine = started(with_quorum(follower_of_a()), {a, c});
  machine.on(a, heartbeat{under(1, a), {}, {}}, t0);
  machine.peer_down(a, t0);
  expire(machine);
  machine.on(c, granted(2), *machine.deadline());
  EXPECT_EQ(machine.view().role, role::leader);
  machine.peer_up(a, t0);
  return machine;
}

TEST(quorum_election, silence_is_no_consent) {
  auto machine = started(with_quorum(follower_of_a()), {c});
  expire(machine);
  EXPECT_EQ(machine.view().role, role::candidate);
  expire(machine);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_TRUE(machine.view().leader.is_nil());
}

TEST(quorum_election, a_majority_of_votes_leads) {
  auto machine = started(with_quorum(follower_of_a()), {c});
  expire(machine);
  const auto now = *machine.deadline() - 1s;
  machine.on(c, granted(2), now);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(2, b));
  EXPECT_EQ(machine.view().lease_until, now + 90s);
}

TEST(quorum_election, a_newcomer_learns_of_a_leader_from_who_let_it_in) {
  auto setup = with_quorum(follower_of_a());
  setup.members = members({a});
  setup.recovered.leader = {};
  auto newcomer = started(setup, {a, c});
  newcomer.on(a, heartbeat_ack{under(4, c), same}, t0 + 5min);
  EXPECT_EQ(newcomer.view().leader, c);
  EXPECT_EQ(newcomer.view().ballot, under(4, c));
}

TEST(quorum_election, a_vote_of_half_is_too_little) {
  auto setup = with_quorum(follower_of_a());
  setup.members = members({a, b, c, device(4)});
  auto machine = started(setup, {c});
  expire(machine);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_TRUE(machine.view().lacks_majority);
  machine.peer_up(device(4), t0 + 2min);
  expire(machine);
  ASSERT_EQ(machine.view().role, role::candidate);
  machine.on(c, granted(2), *machine.deadline());
  EXPECT_EQ(machine.view().role, role::candidate);
  machine.on(device(4), granted(2), *machine.deadline());
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(quorum_election, who_reaches_no_majority_does_not_ask) {
  auto machine = started(with_quorum(follower_of_a()), {});
  for (int i = 0; i < 10; ++i) {
    const auto effects = expire(machine);
    EXPECT_TRUE(all<persist_leadership>(effects).empty() || i == 0);
    EXPECT_EQ(machine.view().role, role::follower);
  }
  EXPECT_TRUE(machine.view().lacks_majority);
  EXPECT_EQ(machine.view().ballot, under(1, a));
}

TEST(quorum_election, who_reaches_a_majority_again_asks_soon) {
  auto machine = started(with_quorum(follower_of_a()), {});
  expire(machine);
  const auto now = t0 + 5min;
  const auto views = all<announce_leadership>(machine.peer_up(c, now));
  ASSERT_EQ(views.size(), 1U);
  EXPECT_FALSE(views[0].now.lacks_majority);
  EXPECT_LE(*machine.deadline(), now + 2s);
}

TEST(quorum_election, one_member_alone_leads) {
  auto setup = with_quorum(leader_b());
  setup.members = members({b});
  auto machine = started(setup, {});
  EXPECT_EQ(machine.view().role, role::leader);
  for (int i = 0; i < 20; ++i)
    expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(quorum_election, two_members_are_both_needed) {
  auto setup = with_quorum(follower_of_a());
  setup.members = members({a, b});
  auto machine = started(setup, {});
  expire(machine);
  EXPECT_TRUE(machine.view().lacks_majority);
  machine.peer_up(a, t0 + 2min);
  expire(machine);
  machine.on(a, granted(2), *machine.deadline());
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(quorum_election, a_restarted_leader_asks_though_its_lease_runs) {
  auto machine = started(with_quorum(leader_b(t0 + 80s)), {c});
  EXPECT_EQ(machine.view().role, role::candidate);
  machine.on(c, granted(3), t0 + 1s);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(3, b));
}

TEST(quorum_election, a_leader_without_a_majority_goes_when_its_lease_ends) {
  auto machine = leading_b();
  const auto end = machine.view().lease_until;
  while (machine.view().role == role::leader)
    expire(machine);
  EXPECT_EQ(machine.view().lease_until, end);
  EXPECT_TRUE(machine.view().leader.is_nil());
  EXPECT_GE(*machine.deadline(), end);
  EXPECT_LE(*machine.deadline(), end + 2s);
}

TEST(quorum_election, an_answer_of_a_majority_renews_the_lease) {
  auto machine = leading_b();
  const auto before = machine.view().lease_until;
  machine.on(c, heartbeat_ack{under(2, b), same}, before - 10s);
  EXPECT_EQ(machine.view().lease_until, before + 80s);
  // Of five, one answer is too little.
  machine.on(members_changed{members({a, b, c, device(4), device(5)}),
                             sequence_number{11}},
             before);
  machine.on(c, heartbeat_ack{under(2, b), same}, before + 20s);
  EXPECT_EQ(machine.view().lease_until, before + 80s);
  machine.on(a, heartbeat_ack{under(2, b), same}, before + 30s);
  EXPECT_EQ(machine.view().lease_until, before + 110s);
}

TEST(quorum_election, whom_a_leader_removes_by_itself_is_still_needed) {
  auto machine = leading_b();
  const auto end = machine.view().lease_until;
  auto left = members({a, b, c});
  left[0].removed = left[2].removed = true;
  machine.on(members_changed{left, sequence_number{11}}, end - 50s);
  while (machine.view().role == role::leader)
    expire(machine);
  EXPECT_EQ(machine.view().lease_until, end);
}

TEST(quorum_election, a_settled_removal_leaves_one_that_leads_alone) {
  auto machine = leading_b();
  auto left = members({a, b, c});
  left[0].removed = left[2].removed = true;
  machine.on(members_changed{left, sequence_number{11}}, t0 + 80s);
  machine.majority_changed(sequence_number{11});
  for (int i = 0; i < 20; ++i)
    expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(quorum_election, who_was_a_member_before_the_log_was_read_is_not_needed) {
  auto setup = with_quorum(follower_of_a());
  setup.members = members({a});
  setup.members_at = std::nullopt;
  auto machine = started(setup, {c});
  auto left = members({a, b, c});
  left[0].removed = true;
  machine.on(members_changed{left, sequence_number{6}}, t0);
  expire(machine);
  machine.on(c, granted(2), *machine.deadline() - 1s);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(quorum_election, a_removed_leader_stays_until_another_has_what_it_holds) {
  auto machine = leading_b();
  machine.on(c, heartbeat_ack{under(2, b), shorter}, t0 + 70s);
  auto left = members({a, b, c});
  left[1].removed = true;
  machine.on(members_changed{left, sequence_number{11}}, t0 + 71s);
  EXPECT_EQ(machine.view().role, role::leader);
  const auto effects
    = machine.on(c, heartbeat_ack{under(2, b), same}, t0 + 72s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_TRUE(said<hand_over>(effects, c));
}

TEST(quorum_election, a_vote_ends_what_the_voter_takes_from_older_leaders) {
  auto machine = started(with_quorum(follower_of_a()), {a, c});
  const auto effects = machine.on(c, claim_of(c, 2, same), t0);
  ASSERT_TRUE(said<vote>(effects, c));
  EXPECT_TRUE(said<vote>(effects, c)->granted);
  EXPECT_EQ(all<persist_leadership>(effects).at(0).current, under(2, c));
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
  EXPECT_EQ(all<send_to_peer>(effects).at(0).unless_beyond, same);
  EXPECT_EQ(machine.view().ballot, under(2, c));
  EXPECT_TRUE(machine.view().leader.is_nil());
  const auto late = machine.on(a, heartbeat{under(1, a), same, {}}, t0 + 1s);
  EXPECT_EQ(said<heartbeat_ack>(late, a)->ballot, under(2, c));
  EXPECT_TRUE(machine.view().leader.is_nil());
  // Its answer may have been lost.
  const auto again
    = said<vote>(machine.on(c, claim_of(c, 2, same), t0 + 1s), c);
  EXPECT_TRUE(again->granted);
  const auto other
    = said<vote>(machine.on(a, claim_of(a, 2, same), t0 + 1s), a);
  EXPECT_FALSE(other->granted);
}

TEST(quorum_election, an_old_claim_is_no_second_try) {
  auto machine = started(with_quorum(follower_of_a()), {a, c});
  machine.on(c, claim_of(c, 2, same), t0);
  machine.on(a, heartbeat{under(3, a), same, {}}, t0 + 1s);
  expire(machine);
  const auto late
    = said<vote>(machine.on(c, claim_of(c, 2, same), t0 + 70s), c);
  EXPECT_FALSE(late->granted);
  EXPECT_EQ(late->reason, refusal::older_ballot);
}

TEST(quorum_election, who_never_leads_passes_on_what_only_it_holds) {
  auto setup = with_quorum(follower_of_a());
  setup.settings.priority = -1;
  auto machine = started(setup, {c});
  const auto answer = said<vote>(machine.on(c, claim_of(c, 2, shorter), t0), c);
  EXPECT_EQ(answer->reason, refusal::better_log);
  ASSERT_EQ(machine.view().role, role::candidate);
  machine.on(c, granted(3), t0 + 1s);
  ASSERT_EQ(machine.view().role, role::leader);
  machine.on(c, heartbeat_ack{under(3, b), shorter}, t0 + 2s);
  EXPECT_EQ(machine.view().role, role::leader);
  const auto effects = machine.on(c, heartbeat_ack{under(3, b), same}, t0 + 3s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_TRUE(said<hand_over>(effects, c));
}

TEST(quorum_election, two_that_never_lead_do_not_keep_each_other_from_it) {
  auto setup = with_quorum(follower_of_a());
  setup.settings.priority = -1;
  auto machine = started(setup, {a, c});
  machine.on(c, claim_of(c, 2, shorter), t0);
  ASSERT_EQ(machine.view().role, role::candidate);
  // The other stands at the same time.
  machine.on(a, claim_of(a, 3, same, -1), t0);
  ASSERT_EQ(machine.view().role, role::follower);
  const auto effects = expire(machine);
  EXPECT_TRUE(said<claim>(effects, a));
  EXPECT_TRUE(said<claim>(effects, c));
}

TEST(quorum_election, a_newer_leader_is_followed_whatever_it_lacks) {
  auto machine = leading_b();
  machine.head_changed(at(under(2, b), 30), t0 + 70s);
  machine.on(c, heartbeat{under(3, c), same, {}}, t0 + 70s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(machine.view().leader, c);
}

TEST(quorum_election, a_leader_asks_again_when_a_follower_voted_for_another) {
  auto machine = leading_b();
  const auto effects
    = machine.on(a, heartbeat_ack{under(3, c), same}, t0 + 70s);
  EXPECT_EQ(machine.view().role, role::candidate);
  EXPECT_EQ(said<claim>(effects, a)->ballot, under(4, b));
  machine.on(c, granted(4), t0 + 71s);
  machine.on(a, granted(4), t0 + 71s);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(4, b));
}

TEST(quorum_election, whoever_follows_another_says_whom) {
  auto machine = leading_b();
  machine.on(a, heartbeat_ack{under(3, c), same}, t0 + 70s);
  machine.on(a, refused(4, refusal::live_leader, under(3, c)), t0 + 71s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(machine.view().leader, c);
  EXPECT_EQ(machine.view().ballot, under(3, c));
}

TEST(quorum_election, a_successor_needs_no_vote_of_the_leader_that_goes) {
  auto machine = started(with_quorum(follower_of_a()), {a, c});
  machine.on(a, heartbeat{under(1, a), longer, {}}, t0);
  machine.on(a, hand_over{under(1, a), longer}, t0 + 1s);
  ASSERT_EQ(machine.view().role, role::candidate);
  machine.on(a, refused(2, refusal::better_log, under(1, a)), t0 + 1s);
  EXPECT_EQ(machine.view().role, role::candidate);
  machine.on(c, granted(2), t0 + 1s);
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(quorum_election, a_device_without_a_majority_says_so_when_asked_to_lead) {
  auto machine = started(with_quorum(follower_of_a()), {});
  machine.request_leadership(5, t0);
  EXPECT_EQ(answered(expire(machine), 5), errc::not_leader);
  expire(machine);
  EXPECT_TRUE(machine.view().lacks_majority);
}

} // namespace
} // namespace lockstep
