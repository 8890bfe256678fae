#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Three devices whose leader needs a majority.
class quorum_fleet : public fleet {
public:
  quorum_fleet() {
    limits.leadership.consistency = consistency::quorum;
    share({"anna", "bert", "carl"});
  }

  tag make_tag(std::string name) {
    return {make_id(), std::move(name), "red", {}};
  }

  receipt_state state_of(const std::string& name, const receipt& written) {
    const auto now = ask<receipt>(at(name).shared.library,
                                  receipt_query{written.first, written.last});
    EXPECT_TRUE(now);
    return now ? now->state : receipt_state::local;
  }
};

TEST_F(quorum_fleet, writes_are_sequenced_where_a_majority_is_there) {
  crash("carl");
  for (const auto* name : {"anna", "bert"}) {
    const auto written = put(name, make_tag(name), receipt_state::sequenced);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_EQ(written->state, receipt_state::sequenced);
    EXPECT_EQ(written->holders, 2U);
  }
  EXPECT_EQ(leader(), "anna");
}

TEST_F(quorum_fleet, the_smaller_part_waits_and_the_larger_one_goes_on) {
  set_online("anna", false);
  const auto alone = make_tag("alone");
  const auto early = put("anna", alone);
  ASSERT_TRUE(early);
  EXPECT_EQ(early->state, receipt_state::local);
  advance(10min);
  EXPECT_EQ(leadership("anna").role, role::follower);
  EXPECT_TRUE(leadership("anna").lacks_majority);
  EXPECT_TRUE(leadership("anna").leader.is_nil());
  const auto late = put("anna", make_tag("late"));
  ASSERT_TRUE(late);
  advance(5min);
  EXPECT_EQ(state_of("anna", *early), receipt_state::local);
  EXPECT_EQ(state_of("anna", *late), receipt_state::local);
  EXPECT_EQ(status("anna").pending, 1U);

  ASSERT_FALSE(leader().empty());
  const auto together = make_tag("together");
  ASSERT_TRUE(put("bert", together, receipt_state::sequenced));
  ASSERT_TRUE(put("carl", make_tag("more"), receipt_state::sequenced));

  set_online("anna", true);
  EXPECT_EQ(settle(), "");
  EXPECT_NE(leader(), "anna");
  EXPECT_FALSE(leadership("anna").lacks_majority);
  EXPECT_EQ(load<tag>("bert", alone.uuid), alone);
  EXPECT_EQ(load<tag>("anna", together.uuid), together);
  advance(1s);
  EXPECT_GE(state_of("anna", *early), receipt_state::sequenced);
  EXPECT_GE(state_of("anna", *late), receipt_state::sequenced);
}

TEST_F(quorum_fleet, one_of_three_reads_and_writes_and_nobody_leads) {
  crash("bert");
  crash("carl");
  advance(10min);
  const auto sky = make_tag("sky");
  const auto written = put("anna", sky);
  ASSERT_TRUE(written);
  EXPECT_EQ(load<tag>("anna", sky.uuid), sky);
  const auto now = status("anna");
  EXPECT_EQ(now.pending, 1U);
  EXPECT_NE(now.leadership.role, role::leader);
  EXPECT_TRUE(now.leadership.lacks_majority);
  const auto asked
    = ask<leadership_view>(at("anna").shared.leadership, request_leadership{});
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, errc::not_leader);
  EXPECT_NE(asked.error().message.find("majority"), std::string::npos);

  start("bert");
  reopen("bert");
  EXPECT_EQ(settle(), "");
  EXPECT_FALSE(leader().empty());
  EXPECT_EQ(load<tag>("bert", sky.uuid), sky);
  EXPECT_GE(state_of("anna", *written), receipt_state::sequenced);
}

TEST_F(quorum_fleet, what_an_older_leader_left_is_sequenced_by_the_next_one) {
  set_online("carl", false);
  const auto written = put("bert", make_tag("sky"));
  ASSERT_TRUE(written);
  ASSERT_EQ(put("anna", make_tag("sea"), receipt_state::sequenced)->state,
            receipt_state::sequenced);
  crash("anna");
  set_online("carl", true);
  advance(5min);
  EXPECT_EQ(leader(), "bert");
  EXPECT_EQ(state_of("bert", *written), receipt_state::sequenced);
  EXPECT_EQ(status("carl").head, status("bert").head);
}

TEST_F(quorum_fleet, leadership_is_handed_over_at_shutdown) {
  close("anna");
  advance(5s);
  EXPECT_FALSE(leader().empty());
  ASSERT_TRUE(put("bert", make_tag("sky"), receipt_state::sequenced));
}

TEST_F(quorum_fleet, leadership_moves_on_request) {
  const auto moved = ask<leadership_view>(at("anna").shared.leadership,
                                          transfer_leadership{at("carl").id});
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(leader(), "carl");
}

TEST_F(quorum_fleet, a_restarted_leader_asks_and_leads_on) {
  crash("anna");
  start("anna");
  reopen("anna");
  advance(5s);
  EXPECT_EQ(leader(), "anna");
  ASSERT_TRUE(put("bert", make_tag("sky"), receipt_state::stable));
}

TEST_F(quorum_fleet, without_a_removed_member_two_are_enough) {
  ASSERT_TRUE(ask<receipt>(at("anna").shared.library,
                           change_member{{at("carl").id, "carl", true}}));
  crash("carl");
  EXPECT_EQ(settle(), "");
  ASSERT_TRUE(put("bert", make_tag("sky"), receipt_state::stable));
  crash("bert");
  advance(10min);
  EXPECT_TRUE(leadership("anna").lacks_majority);
}

TEST_F(quorum_fleet, a_minority_cannot_remove_the_others) {
  set_online("anna", false);
  for (const auto* name : {"bert", "carl"})
    ASSERT_TRUE(ask<receipt>(at("anna").shared.library,
                             change_member{{at(name).id, name, true}}));
  advance(10min);
  EXPECT_NE(leadership("anna").role, role::leader);
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("bert", sky, receipt_state::sequenced));
}

TEST_F(quorum_fleet, who_let_a_device_in_is_not_needed_once_it_was_removed) {
  ASSERT_TRUE(ask<leadership_view>(at("anna").shared.leadership,
                                   transfer_leadership{at("bert").id}));
  ASSERT_TRUE(ask<receipt>(at("bert").shared.library,
                           change_member{{at("anna").id, "anna", true}}));
  EXPECT_EQ(settle(), "");
  set_online("carl", false);
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("bert", sky));
  lose_tables("bert");
  set_online("carl", true);
  // Nobody else has its last entry.
  advance(5min);
  EXPECT_EQ(leader(), "bert");
  EXPECT_EQ(load<tag>("carl", sky.uuid), sky);
}

class quorum_of_one : public fleet {
public:
  quorum_of_one() {
    limits.leadership.consistency = consistency::quorum;
    share({"anna"});
  }
};

TEST_F(quorum_of_one, a_device_by_itself_goes_on) {
  advance(1h);
  EXPECT_EQ(leader(), "anna");
  const auto written
    = put("anna", tag{make_id(), "sky", "red", {}}, receipt_state::sequenced);
  ASSERT_TRUE(written);
  crash("anna");
  start("anna");
  reopen("anna");
  advance(1s);
  EXPECT_EQ(leader(), "anna");
}

TEST_F(quorum_of_one, of_two_both_are_needed) {
  let_in("bert", "anna");
  use_models("bert");
  ASSERT_EQ(settle(), "");
  EXPECT_EQ(leader(), "anna");
  crash("bert");
  advance(10min);
  EXPECT_TRUE(leadership("anna").lacks_majority);
  start("bert");
  reopen("bert");
  advance(1min);
  EXPECT_FALSE(leader().empty());
}

} // namespace
} // namespace lockstep
