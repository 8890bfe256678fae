#include "tests/protocol/elections.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace elections;

TEST(election, creator_of_a_library_leads_at_once) {
  election_setup setup;
  setup.self = a;
  setup.recovered = {under(1, a), {}, a, {}};
  setup.lease_until = t0 - 1h;
  setup.members = members({a});
  election machine{setup};
  const auto views = all<announce_leadership>(machine.start(t0));
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].now.role, role::leader);
  EXPECT_EQ(views[0].now.ballot, under(1, a));
  EXPECT_FALSE(views[0].now.alone);
  EXPECT_EQ(machine.view().lease_until, t0 + 90s);
}

TEST(election, restarted_leader_continues_while_its_lease_runs) {
  auto machine = started(leader_b(t0 + 1s), {});
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(2, b));
}

TEST(election, restarted_leader_without_a_lease_asks_before_it_leads) {
  election machine{leader_b(t0 - 1s)};
  const auto first = machine.start(t0);
  EXPECT_EQ(machine.view().role, role::candidate);
  EXPECT_EQ(all<persist_leadership>(first).at(0).vote, under(3, b));
  EXPECT_EQ(machine.deadline(), t0 + 2s);
  EXPECT_TRUE(said<claim>(machine.peer_up(a, t0 + 1s), a));
  const auto effects = machine.on(
    a, vote{under(3, b), true, refusal::none, under(2, b)}, t0 + 1s);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(3, b));
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
}

TEST(election, follower_claims_when_the_leader_is_gone) {
  auto machine = started(follower_of_a(), {c});
  machine.on(a, heartbeat{under(1, a), {}, {}}, t0 + 10s);
  EXPECT_GE(*machine.deadline(), t0 + 70s);
  EXPECT_LE(*machine.deadline(), t0 + 72s);
  const auto effects = expire(machine);
  EXPECT_EQ(machine.view().role, role::candidate);
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
  EXPECT_EQ(said<claim>(effects, c)->ballot, under(2, b));
  EXPECT_EQ(said<claim>(effects, c)->head, at(under(1, a), 10));
}

TEST(election, goes_above_what_an_earlier_life_may_have_claimed) {
  auto setup = follower_of_a();
  setup.claimed = term_number{1'000};
  auto machine = started(setup, {c});
  EXPECT_EQ(said<claim>(expire(machine), c)->ballot, under(1'001, b));
}

TEST(election, silence_within_the_window_is_consent) {
  auto machine = started(follower_of_a(), {c});
  expire(machine);
  const auto effects = expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_TRUE(machine.view().alone);
  EXPECT_EQ(said<heartbeat>(effects, c)->ballot, under(2, b));
}

TEST(election, device_that_reaches_nobody_leads_alone) {
  auto machine = started(follower_of_a(), {});
  expire(machine);
  expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_TRUE(machine.view().alone);
  EXPECT_LE(machine.view().lease_until, t0 + 64s);
}

TEST(election, grant_is_stored_before_it_is_said) {
  auto machine = started(follower_of_a(), {c});
  const auto effects = machine.on(c, claim_of(c, 2, at(under(1, a), 10)), t0);
  ASSERT_TRUE(said<vote>(effects, c));
  EXPECT_TRUE(said<vote>(effects, c)->granted);
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
  EXPECT_EQ(all<persist_leadership>(effects).at(0).vote, under(2, c));
}

TEST(election, one_vote_a_term) {
  auto setup = follower_of_a();
  setup.self = a;
  setup.recovered = {under(1, c), {}, c, {}};
  auto machine = started(setup, {b, c});
  machine.on(b, claim_of(b, 2, at(under(1, a), 10)), t0);
  const auto second
    = said<vote>(machine.on(c, claim_of(c, 2, at(under(1, a), 10)), t0), c);
  EXPECT_FALSE(second->granted);
  EXPECT_EQ(second->reason, refusal::already_voted);
  EXPECT_EQ(second->known, under(2, b));
  const auto again
    = said<vote>(machine.on(b, claim_of(b, 2, at(under(1, a), 10)), t0), b);
  EXPECT_TRUE(again->granted);
}

TEST(election, vote_survives_a_restart) {
  auto setup = follower_of_a();
  setup.self = a;
  setup.recovered = {under(1, b), under(2, b), b, {}};
  auto machine = started(setup, {b, c});
  const auto late
    = said<vote>(machine.on(c, claim_of(c, 2, at(under(1, a), 10)), t0), c);
  EXPECT_EQ(late->reason, refusal::already_voted);
}

struct refusal_case {
  std::string name;
  claim what;
  std::int32_t own_priority = 0;
  bool heard_leader = false;
  refusal expected = refusal::none;
};

class refusals : public testing::TestWithParam<refusal_case> {};

TEST_P(refusals, follow_the_rules) {
  const auto& row = GetParam();
  auto setup = follower_of_a();
  setup.settings.priority = row.own_priority;
  auto machine = started(setup, {c});
  if (row.heard_leader)
    machine.on(a, heartbeat{under(1, a), {}, {}}, t0);
  const auto from = row.what.ballot.device;
  machine.peer_up(from, t0);
  const auto effects = machine.on(from, row.what, t0 + 1s);
  ASSERT_TRUE(said<vote>(effects, from));
  EXPECT_EQ(said<vote>(effects, from)->reason, row.expected);
  EXPECT_EQ(said<vote>(effects, from)->granted, row.expected == refusal::none);
}

INSTANTIATE_TEST_SUITE_P(
  election, refusals,
  testing::Values(
    refusal_case{"higher_id_wins", claim_of(c, 2, same)},
    refusal_case{"lower_id_loses", claim_of(a, 2, same), 0, false,
                 refusal::better_log},
    refusal_case{"priority_before_id", claim_of(c, 2, same), 1, false,
                 refusal::better_log},
    refusal_case{"log_before_priority", claim_of(c, 2, longer), 9},
    refusal_case{"shorter_log_loses", claim_of(c, 2, shorter, 9), 0, false,
                 refusal::better_log},
    refusal_case{"never_leading_voter_grants", claim_of(a, 2, shorter), -1},
    refusal_case{"live_leader", claim_of(c, 2, longer), 0, true,
                 refusal::live_leader},
    refusal_case{"live_leader_itself_may_ask", claim_of(a, 2, longer), 0, true},
    refusal_case{"handed_over_beats_live_leader",
                 claim{under(2, c), same, 0, true}, 0, true},
    refusal_case{"handed_over_ignores_rank", claim{under(2, a), same, 0, true},
                 5},
    refusal_case{"handed_over_with_shorter_log_loses",
                 claim{under(2, c), shorter, 0, true}, 0, true,
                 refusal::better_log},
    refusal_case{"older_ballot", claim_of(a, 1, longer), 0, false,
                 refusal::older_ballot}),
  [](const auto& row) { return row.param.name; });

TEST(election, better_candidate_that_refuses_stands_itself) {
  auto machine = started(follower_of_a(), {a, c});
  const auto effects = machine.on(c, claim_of(c, 2, shorter), t0);
  EXPECT_EQ(machine.view().role, role::candidate);
  EXPECT_EQ(said<claim>(effects, c)->ballot, under(3, b));
}

TEST(election, claim_of_a_stranger_is_ignored) {
  auto machine = started(follower_of_a(), {c});
  machine.peer_up(device(9), t0);
  EXPECT_TRUE(
    machine.on(device(9), claim_of(device(9), 5, longer), t0).empty());
}

TEST(election, refused_candidate_learns_of_the_live_leader_and_waits) {
  auto machine = started(follower_of_a(), {c});
  const auto now = *machine.deadline();
  expire(machine);
  machine.on(c, vote{under(2, b), false, refusal::live_leader, under(7, a)},
             now);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(machine.view().ballot, under(7, a));
  EXPECT_EQ(machine.view().leader, a);
  EXPECT_GE(*machine.deadline(), now + 30s);
  const auto next = said<claim>(expire(machine), c);
  EXPECT_EQ(next->ballot, under(8, b));
}

TEST(election, asking_does_not_unseat_a_leader_that_others_hear) {
  auto setup = follower_of_a();
  setup.self = a;
  setup.recovered = {under(1, a), under(1, a), a, {}};
  setup.lease_until = t0 + 90s;
  auto machine = started(setup, {b, c});
  const auto effects = machine.on(c, claim_of(c, 5, longer), t0);
  EXPECT_EQ(said<vote>(effects, c)->reason, refusal::live_leader);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(1, a));
}

TEST(election, device_that_never_leads_never_claims) {
  auto setup = follower_of_a();
  setup.settings.priority = -1;
  auto machine = started(setup, {c});
  const auto effects = expire(machine);
  EXPECT_TRUE(all<send_to_peer>(effects).empty());
  EXPECT_TRUE(machine.view().leader.is_nil());
  EXPECT_FALSE(machine.deadline());
  EXPECT_EQ(answered(machine.request_leadership(4, t0 + 99s), 4),
            errc::invalid_argument);
}

TEST(election, who_may_not_claim_learns_of_the_leader_from_those_who_hear_it) {
  auto setup = follower_of_a();
  setup.settings.priority = -1;
  auto machine = started(setup, {c});
  expire(machine);
  ASSERT_TRUE(machine.view().leader.is_nil());
  machine.on(c, heartbeat_ack{under(1, a), same}, t0 + 2min);
  EXPECT_EQ(machine.view().leader, a);
  EXPECT_EQ(machine.view().ballot, under(1, a));
  // It is not taken for granted for longer than a heartbeat would be.
  expire(machine);
  EXPECT_TRUE(machine.view().leader.is_nil());
  // Who led under it does not say so by answering.
  machine.on(a, heartbeat_ack{under(1, a), same}, t0 + 5min);
  EXPECT_TRUE(machine.view().leader.is_nil());
}

TEST(election, device_that_its_log_does_not_name_never_claims) {
  auto setup = follower_of_a();
  setup.members = members({a});
  auto newcomer = started(setup, {a});
  for (int i = 0; i < 3; ++i) {
    const auto effects = expire(newcomer);
    EXPECT_TRUE(all<persist_leadership>(effects).empty());
    EXPECT_FALSE(said<claim>(effects, a));
  }
  EXPECT_EQ(answered(newcomer.request_leadership(1, t0 + 2min), 1),
            errc::invalid_argument);
  newcomer.on(members_changed{members({a, b, c})}, t0 + 3min);
  EXPECT_TRUE(said<claim>(expire(newcomer), a));
}

TEST(election, follower_yields_to_higher_ballot) {
  auto machine = started(follower_of_a(), {c});
  const auto effects = machine.on(c, heartbeat{under(4, c), longer, {}}, t0);
  EXPECT_EQ(all<persist_leadership>(effects).at(0).current, under(4, c));
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
  EXPECT_EQ(said<heartbeat_ack>(effects, c)->ballot, under(4, c));
  EXPECT_EQ(machine.view().leader, c);
}

TEST(election, heartbeat_of_an_old_leader_is_answered_with_the_newer_ballot) {
  auto machine = started(follower_of_a(), {a, c});
  machine.on(c, heartbeat{under(4, c), longer, {}}, t0);
  const auto effects = machine.on(a, heartbeat{under(1, a), same, {}}, t0);
  EXPECT_EQ(said<heartbeat_ack>(effects, a)->ballot, under(4, c));
  EXPECT_EQ(machine.view().leader, c);
}

TEST(election, newer_leader_shows_itself_to_an_older_one) {
  auto machine = started(leader_b(), {a});
  const auto effects = machine.on(a, heartbeat{under(1, a), longer, {}}, t0);
  EXPECT_EQ(said<heartbeat>(effects, a)->ballot, under(2, b));
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election, leader_shows_itself_to_a_member_that_greets) {
  auto machine = started(leader_b(), {a});
  EXPECT_EQ(said<heartbeat>(machine.on(a, hello{}, t0), a)->ballot,
            under(2, b));
  const auto stranger = device(9);
  EXPECT_FALSE(said<heartbeat>(machine.on(stranger, hello{}, t0), stranger));
}

TEST(election, old_leader_that_learns_of_a_newer_ballot_follows) {
  auto machine = started(leader_b(), {a});
  machine.on(a, heartbeat_ack{under(5, c), longer}, t0);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(machine.view().leader, c);
  EXPECT_EQ(machine.view().ballot, under(5, c));
}

TEST(election, old_leader_meets_the_newer_one_before_it_yields) {
  auto machine = started(leader_b(), {a, c});
  const auto effects = machine.on(a, heartbeat_ack{under(5, c), longer}, t0);
  EXPECT_TRUE(said<heartbeat>(effects, c));
  EXPECT_EQ(machine.view().role, role::leader);
}

TEST(election, old_leader_yields_to_a_newer_one_that_does_not_hear_it) {
  auto machine = started(leader_b(), {a, c});
  const heartbeat_ack newer{under(5, c), longer};
  machine.on(a, newer, t0);
  machine.on(a, newer, t0 + 29s);
  EXPECT_EQ(machine.view().role, role::leader);
  machine.on(a, newer, t0 + 30s);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(machine.view().leader, c);
}

TEST(election, follower_tells_the_others_whom_it_hears) {
  auto machine = started(follower_of_a(), {a, c});
  const auto effects = machine.on(c, heartbeat{under(4, c), longer, {}}, t0);
  EXPECT_EQ(said<heartbeat_ack>(effects, a)->ballot, under(4, c));
}

TEST(election, follower_tells_of_its_newer_ballot) {
  auto machine = started(follower_of_a(), {a, c});
  machine.on(a, heartbeat{under(3, a), longer, {}}, t0);
  const auto effects = machine.on(c, heartbeat_ack{under(2, c), same}, t0);
  EXPECT_EQ(said<heartbeat_ack>(effects, c)->ballot, under(3, a));
  EXPECT_EQ(machine.view().leader, a);
}

TEST(election, of_two_leaders_the_longer_log_takes_a_fresh_ballot) {
  auto machine = started(leader_b(), {c});
  const auto effects = machine.on(c, heartbeat{under(5, c), shorter, {}}, t0);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_EQ(machine.view().ballot, under(6, b));
  EXPECT_LT(place<persist_leadership>(effects), place<send_to_peer>(effects));
  EXPECT_EQ(said<heartbeat>(effects, c)->ballot, under(6, b));
}

TEST(election, of_two_leaders_the_shorter_log_yields) {
  auto machine = started(leader_b(), {c});
  machine.on(c, heartbeat{under(5, c), longer, {}}, t0);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(machine.view().leader, c);
}

TEST(election, of_two_leaders_with_equal_logs_the_higher_id_stays) {
  auto low = started(leader_b(), {c});
  low.on(c, heartbeat{under(5, c), same, {}}, t0);
  EXPECT_EQ(low.view().leader, c);
  auto high = started(leader_b(), {a});
  high.on(a, heartbeat{under(5, a), same, {}}, t0);
  EXPECT_EQ(high.view().leader, b);
}

TEST(election, two_busy_leaders_do_not_outbid_each_other_for_ever) {
  auto machine = started(leader_b(), {c});
  machine.on(c, heartbeat{under(5, c), shorter, {}}, t0);
  machine.on(c, heartbeat{under(7, c), shorter, {}}, t0);
  EXPECT_EQ(machine.view().leader, c);
}

TEST(election, lease_is_renewed_only_by_an_answer) {
  auto machine = started(leader_b(t0 + 20s), {a});
  machine.on_tick(t0 + 30s);
  EXPECT_EQ(machine.view().lease_until, t0 + 20s);
  const auto effects
    = machine.on(a, heartbeat_ack{under(2, b), same}, t0 + 31s);
  EXPECT_EQ(machine.view().lease_until, t0 + 121s);
  EXPECT_EQ(all<persist_leadership>(effects).size(), 1U);
}

TEST(election, unanswered_leader_goes_on_alone) {
  auto machine = started(leader_b(), {a});
  machine.on(a, heartbeat_ack{under(2, b), same}, t0 + 1s);
  EXPECT_FALSE(machine.view().alone);
  for (int i = 0; i < 3; ++i)
    expire(machine);
  EXPECT_EQ(machine.view().role, role::leader);
  EXPECT_TRUE(machine.view().alone);
}

TEST(election, leader_greets_who_connects) {
  auto machine = started(leader_b(), {});
  machine.stable_changed(sequence_number{4});
  const auto hail = said<heartbeat>(machine.peer_up(c, t0), c);
  ASSERT_TRUE(hail);
  EXPECT_EQ(hail->head, same);
  EXPECT_EQ(hail->stable, sequence_number{4});
  auto follower = started(follower_of_a(), {});
  EXPECT_TRUE(follower.peer_up(c, t0).empty());
}

TEST(election, device_restored_from_an_old_copy_goes_above_its_own_past) {
  auto machine = started(leader_b(), {a});
  machine.on(a, heartbeat_ack{under(8, b), longer}, t0);
  EXPECT_EQ(machine.view().role, role::follower);
  EXPECT_EQ(said<claim>(expire(machine), a)->ballot, under(9, b));
}

} // namespace
} // namespace lockstep
