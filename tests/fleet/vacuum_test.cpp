#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Three devices whose log has been written for a while.
class vacuumed_library : public fleet {
public:
  vacuumed_library() {
    share({"anna", "bert", "carl"});
    for (const auto* name : {"sky", "sea", "sun"})
      tags_.push_back({make_id(), name, "red", {}});
    for (const auto* name : {"anna", "bert", "carl"}) {
      change(name, name);
      EXPECT_EQ(settle(), "");
    }
    EXPECT_TRUE(commit("bert", {to_change(tags_[2], change_type::remove)}));
    EXPECT_EQ(settle(), "");
    advance(1min);
  }

  /// Each tag once.
  void change(const std::string& on, const std::string& color) {
    for (auto& one : tags_) {
      one.color = color;
      EXPECT_TRUE(put(on, one));
    }
  }

  vacuum_result vacuum(const std::string& on) {
    const auto done
      = ask<vacuum_result>(at(on).shared.library,
                           vacuum_library{timestamp{~std::uint64_t{0}}, false});
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(vacuum_result{});
  }

  void vacuum_all() {
    for (const auto* name : {"anna", "bert", "carl"})
      vacuum(name);
  }

  std::vector<tag> tags_;
};

TEST_F(vacuumed_library, keeps_what_it_shows) {
  const auto before = digest("anna");
  const auto length = log("anna").size();
  const auto done = vacuum("anna");
  EXPECT_GT(done.removed, 4U);
  EXPECT_EQ(log("anna").size(), length - done.removed);
  EXPECT_EQ(digest("anna"), before);
  EXPECT_EQ(vacuum("anna").removed, 0U);
  // A follower does so by itself.
  EXPECT_EQ(vacuum("bert").removed, done.removed);
  EXPECT_EQ(digest("bert"), before);
}

TEST_F(vacuumed_library, is_all_that_a_newcomer_needs) {
  vacuum_all();
  let_in("dora", "anna");
  use_models("dora");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("dora", tags_[0].uuid), tags_[0]);
  EXPECT_FALSE(load<tag>("dora", tags_[2].uuid));
  // It may write, and lead.
  change("dora", "dora");
  EXPECT_EQ(settle(), "");
  crash("anna");
  advance(5min);
  change("dora", "alone");
  EXPECT_EQ(settle(), "");
  start("anna");
  reopen("anna");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("anna", tags_[0].uuid)->color, "alone");
}

TEST_F(vacuumed_library, waits_for_a_newcomer_that_is_under_way) {
  let_in("dora", "anna");
  set_online("dora", false);
  change("anna", "without dora");
  advance(10s);
  EXPECT_EQ(vacuum("anna").removed, 0U);
  EXPECT_EQ(vacuum("bert").removed, 0U);
  set_online("dora", true);
  advance(10s);
  use_models("dora");
  EXPECT_EQ(settle(), "");
  change("anna", "with dora");
  EXPECT_EQ(settle(), "");
  advance(1min);
  EXPECT_GT(vacuum("anna").removed, 4U);
  EXPECT_EQ(settle(), "");
}

TEST_F(vacuumed_library, holds_what_a_member_that_is_away_still_needs) {
  vacuum_all();
  set_online("carl", false);
  advance(1s);
  for (const auto* color : {"blue", "green", "white"})
    change("anna", color);
  advance(10s);
  const auto apart = status("carl").head.position;
  EXPECT_LE(vacuum("anna").removed, 3U);
  const auto entries = log("anna");
  EXPECT_TRUE(std::ranges::any_of(
    entries, [&](const entry& one) { return one.position() == apart; }));
  set_online("carl", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("carl", tags_[1].uuid), tags_[1]);
}

TEST_F(vacuumed_library, takes_back_what_a_device_wrote_apart) {
  vacuum_all();
  set_online("carl", false);
  advance(5min);
  // Both sides have a leader now.
  const tag late{make_id(), "late", "grey", {}};
  ASSERT_TRUE(put("carl", late));
  change("carl", "carl's");
  change("anna", "anna's");
  advance(10s);
  vacuum_all();
  set_online("carl", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("anna", late.uuid), late);
  vacuum_all();
  EXPECT_EQ(settle(), "");
}

TEST_F(vacuumed_library, survives_a_crash_of_a_device_that_was_vacuumed) {
  vacuum("bert");
  crash("bert");
  change("anna", "meanwhile");
  start("bert");
  reopen("bert");
  vacuum("anna");
  vacuum("carl");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("bert", tags_[0].uuid), tags_[0]);
}

} // namespace
} // namespace lockstep
