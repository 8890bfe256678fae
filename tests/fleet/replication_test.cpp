#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

class replicated_library : public fleet {
public:
  replicated_library() {
    share({"anna", "bert", "carl"});
  }

  tag make_tag(std::string name) {
    return {make_id(), std::move(name), "red", {}};
  }
};

TEST_F(replicated_library, creator_leads_first) {
  EXPECT_EQ(leader(), "anna");
  EXPECT_EQ(leadership("bert").leader, at("anna").id);
}

TEST_F(replicated_library, device_that_joins_follows_at_once) {
  let_in("dora", "anna");
  run();
  EXPECT_EQ(leadership("dora").leader, at("anna").id);
  EXPECT_EQ(status("dora").head, status("anna").head);
}

TEST_F(replicated_library, leaders_write_reaches_everyone_at_once) {
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("anna", sky));
  run();
  EXPECT_EQ(load<tag>("bert", sky.uuid), sky);
  EXPECT_EQ(load<tag>("carl", sky.uuid), sky);
}

TEST_F(replicated_library, followers_write_is_visible_at_once_and_sequenced) {
  const auto sky = make_tag("sky");
  const auto written = put("bert", sky);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->state, receipt_state::local);
  EXPECT_EQ(load<tag>("bert", sky.uuid), sky);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("carl", sky.uuid), sky);
  const auto later = ask<receipt>(at("bert").shared.library,
                                  receipt_query{written->first, written->last});
  ASSERT_TRUE(later);
  EXPECT_GE(later->state, receipt_state::sequenced);
  EXPECT_TRUE(later->sequence);
}

TEST_F(replicated_library, follower_answers_at_once_also_when_cut_off) {
  set_online("carl", false);
  const auto before = now();
  ASSERT_TRUE(put("carl", make_tag("sea")));
  EXPECT_EQ(now(), before);
}

TEST_F(replicated_library, receipt_waits_until_every_member_holds_it) {
  const auto written = put("bert", make_tag("sky"), receipt_state::stable);
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->state, receipt_state::stable);
  EXPECT_EQ(written->holders, 3U);
}

TEST_F(replicated_library, offline_edits_are_kept_and_merged_on_return) {
  set_online("carl", false);
  const auto sea = make_tag("sea");
  ASSERT_TRUE(put("carl", sea));
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("anna", sky));
  advance(30s);
  EXPECT_FALSE(load<tag>("carl", sky.uuid));
  EXPECT_EQ(status("carl").pending, 1U);
  set_online("carl", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("anna", sea.uuid), sea);
  EXPECT_EQ(load<tag>("carl", sky.uuid), sky);
}

TEST_F(replicated_library, both_sides_of_a_long_cut_lead_and_come_together) {
  set_online("carl", false);
  const auto sea = make_tag("sea");
  ASSERT_TRUE(put("carl", sea));
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("anna", sky));
  advance(1h);
  EXPECT_EQ(leadership("carl").role, role::leader);
  EXPECT_EQ(leadership("anna").role, role::leader);
  EXPECT_EQ(status("carl").pending, 0U);
  set_online("carl", true);
  EXPECT_EQ(settle(), "");
  EXPECT_FALSE(leader().empty());
  EXPECT_EQ(load<tag>("bert", sea.uuid), sea);
  EXPECT_EQ(load<tag>("carl", sky.uuid), sky);
}

TEST_F(replicated_library, concurrent_edits_end_equal_with_a_visible_conflict) {
  auto sky = make_tag("sky");
  ASSERT_TRUE(put("anna", sky));
  ASSERT_EQ(settle(), "");
  set_online("carl", false);
  sky.color = "blue";
  ASSERT_TRUE(put("bert", sky));
  advance(10s);
  sky.color = "green";
  ASSERT_TRUE(put("carl", sky));
  set_online("carl", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("anna", sky.uuid)->color, "green");
  EXPECT_EQ(status("anna").conflicts, 1U);
  EXPECT_EQ(status("carl").conflicts, 1U);
}

TEST_F(replicated_library, another_leads_after_the_leader_crashed) {
  crash("anna");
  advance(5min);
  const auto successor = leader();
  ASSERT_FALSE(successor.empty());
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("bert", sky, receipt_state::sequenced));
  start("anna");
  reopen("anna");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("anna", sky.uuid), sky);
  EXPECT_EQ(leader(), successor);
}

TEST_F(replicated_library, leadership_is_handed_over_at_shutdown) {
  close("anna");
  advance(5s);
  EXPECT_FALSE(leader().empty());
}

TEST_F(replicated_library, status_tells_of_the_lease_as_it_was_renewed_last) {
  for (const auto* name : {"anna", "bert"}) {
    const auto before = status(name).leadership.lease_end;
    advance(10min);
    const auto after = status(name).leadership.lease_end;
    EXPECT_EQ(after, leadership(name).lease_end) << name;
    EXPECT_GT(after - before, 9min) << name;
  }
}

TEST_F(replicated_library, restarted_leader_whose_lease_runs_goes_on) {
  const auto before = leadership("anna").ballot;
  crash("anna");
  start("anna");
  reopen("anna");
  advance(1s);
  EXPECT_EQ(leader(), "anna");
  EXPECT_EQ(leadership("anna").ballot, before);
  ASSERT_TRUE(put("anna", make_tag("sky"), receipt_state::stable));
}

TEST_F(replicated_library, unreplicated_entries_of_a_lost_leader_come_back) {
  set_online("anna", false);
  const auto alone = make_tag("alone");
  ASSERT_TRUE(put("anna", alone, receipt_state::sequenced));
  advance(5min);
  const auto together = make_tag("together");
  ASSERT_TRUE(put("bert", together, receipt_state::sequenced));
  ASSERT_TRUE(put("carl", make_tag("more"), receipt_state::sequenced));
  set_online("anna", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("bert", alone.uuid), alone);
  EXPECT_EQ(load<tag>("anna", together.uuid), together);
}

TEST_F(replicated_library, new_device_fetches_the_whole_log) {
  for (int i = 0; i < 2'500; ++i)
    ASSERT_TRUE(put("anna", make_tag("tag " + std::to_string(i))));
  auto& dora = start("dora");
  ASSERT_TRUE(ask<receipt>(at("anna").shared.library,
                           change_member{{dora.id, "dora", false}}));
  auto joined = ask<library_handles>(
    dora.node,
    join_library{at("anna").shared.id, "photos", at("anna").id, at("anna").id});
  ASSERT_TRUE(joined);
  dora.shared = *joined;
  advance(1min);
  EXPECT_EQ(status("dora").applied, status("anna").head.position.sequence);
}

} // namespace
} // namespace lockstep
