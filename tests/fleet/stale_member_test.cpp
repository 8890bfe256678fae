#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Anna and Bert go on while Carl, who never leads, is away. Every device
/// vacuums its log by itself.
class stale_member : public fleet {
public:
  stale_member() {
    limits.vacuum.keep = 1min;
    limits.vacuum.period = 5min;
    limits.member.stale_after = 1h;
    share({"anna", "bert"});
    limits.leadership.priority = -1;
    let_in("carl", "anna");
    use_models("carl");
    EXPECT_EQ(settle(), "");
    // Where Carl's log ends is nothing that stays.
    for (const auto* name : {"kept", "deleted", "changed"})
      tags_.push_back({make_id(), name, "red", {}});
    for (const auto& one : tags_)
      EXPECT_TRUE(put("anna", one));
    EXPECT_EQ(settle(), "");
  }

  tag& named(const std::string& name) {
    return *std::ranges::find(tags_, name, &tag::name);
  }

  /// Carl writes, and is not heard for so long.
  void leave(duration time) {
    set_online("carl", false);
    advance(1s);
    late_ = {make_id(), "late", "grey", {}};
    EXPECT_TRUE(put("carl", late_));
    for (int i = 0; i < 4; ++i) {
      named("changed").color = "blue" + std::to_string(i);
      EXPECT_TRUE(put("anna", named("changed")));
      advance(10s);
    }
    EXPECT_TRUE(
      commit("bert", {to_change(named("deleted"), change_type::remove)}));
    advance(time);
  }

  std::uint64_t status_pending(const std::string& name) {
    return status(name).pending;
  }

  void expect_in_step() {
    EXPECT_EQ(settle(), "");
    for (const auto* name : {"anna", "bert", "carl"}) {
      EXPECT_EQ(load<tag>(name, late_.uuid), late_) << name;
      EXPECT_EQ(load<tag>(name, named("kept").uuid), named("kept")) << name;
      EXPECT_EQ(load<tag>(name, named("changed").uuid), named("changed"))
        << name;
      EXPECT_FALSE(load<tag>(name, named("deleted").uuid)) << name;
      EXPECT_EQ(status(name).pending, 0U) << name;
      EXPECT_EQ(status(name).conflicts, 0U) << name;
    }
  }

  std::vector<tag> tags_;
  tag late_;
};

TEST_F(stale_member, holds_vacuum_back_while_it_may_come_back_soon) {
  const auto position = status("carl").head.position;
  leave(30min);
  const auto entries = log("anna");
  EXPECT_TRUE(std::ranges::any_of(
    entries, [&](const entry& one) { return one.position() == position; }));
  set_online("carl", true);
  expect_in_step();
}

TEST_F(stale_member, is_waited_for_no_longer) {
  const auto before = log("anna").size();
  leave(30min);
  const auto held_back = log("anna").size();
  EXPECT_GT(held_back, before);
  advance(2h);
  // Nothing else was written, and followers hear of it.
  EXPECT_LT(log("anna").size(), held_back);
  EXPECT_EQ(log("bert").size(), log("anna").size());
}

TEST_F(stale_member, fetches_the_log_anew_when_it_comes_back) {
  leave(3h);
  set_online("carl", true);
  expect_in_step();
  // It takes part again in all that there is.
  named("kept").color = "white";
  ASSERT_TRUE(put("carl", named("kept")));
  expect_in_step();
  crash("carl");
  start("carl");
  reopen("carl");
  expect_in_step();
}

TEST_F(stale_member, loses_against_what_was_deleted_meanwhile) {
  set_online("carl", false);
  advance(1s);
  named("deleted").color = "carl's";
  ASSERT_TRUE(put("carl", named("deleted")));
  leave(3h);
  set_online("carl", true);
  EXPECT_EQ(settle(), "");
  EXPECT_FALSE(load<tag>("carl", named("deleted").uuid));
  EXPECT_FALSE(load<tag>("anna", named("deleted").uuid));
  // A person can still see it.
  EXPECT_EQ(status("anna").conflicts, 1U);
  EXPECT_EQ(status("carl").pending, 0U);
}

TEST_F(stale_member, finds_its_way_when_it_was_down_and_crashes_on_it) {
  set_online("carl", false);
  advance(1s);
  leave(1min);
  crash("carl");
  advance(3h);
  start("carl");
  reopen("carl");
  set_online("carl", true);
  advance(100ms);
  crash("carl");
  start("carl");
  reopen("carl");
  advance(300ms);
  crash("carl");
  start("carl");
  reopen("carl");
  expect_in_step();
}

TEST_F(stale_member, comes_back_to_a_leader_that_it_never_knew) {
  leave(2h);
  limits.leadership.priority = 0;
  let_in("dora", "anna");
  use_models("dora");
  advance(1min);
  close("anna");
  advance(10min);
  close("bert");
  advance(10min);
  EXPECT_EQ(leader(), "dora");
  named("changed").color = "dora's";
  ASSERT_TRUE(put("dora", named("changed")));
  advance(2h);
  start("bert");
  reopen("bert");
  set_online("carl", true);
  start("anna");
  reopen("anna");
  expect_in_step();
}

TEST_F(stale_member, that_made_the_library_comes_back_as_well) {
  limits.leadership.priority = 0;
  set_online("anna", false);
  advance(10s);
  tag mine{make_id(), "mine", "grey", {}};
  crash("anna");
  for (int i = 0; i < 4; ++i) {
    named("changed").color = "bert" + std::to_string(i);
    EXPECT_TRUE(put("bert", named("changed")));
    advance(5min);
  }
  EXPECT_TRUE(
    commit("bert", {to_change(named("deleted"), change_type::remove)}));
  advance(3h);
  limits.leadership.priority = -1;
  start("anna");
  reopen("anna");
  ASSERT_TRUE(put("anna", mine));
  advance(1s);
  crash("anna");
  start("anna");
  reopen("anna");
  set_online("anna", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("bert", mine.uuid), mine);
  EXPECT_EQ(load<tag>("anna", named("changed").uuid), named("changed"));
  EXPECT_FALSE(load<tag>("anna", named("deleted").uuid));
  EXPECT_EQ(status("anna").pending, 0U);
}

} // namespace
} // namespace lockstep
