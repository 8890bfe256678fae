#include "tests/support/copied_fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Three devices with a record that was made on one, changed on another and
/// deleted on the third.
class forgetting : public copied_fleet {
public:
  forgetting() {
    limits.vacuum.keep = 30s;
    share({"anna", "bert", "carl"});
    gone_ = {make_id(), "gone", "red", {}};
    kept_ = {make_id(), "kept", "red", {}};
    EXPECT_TRUE(put("anna", gone_));
    EXPECT_TRUE(put("bert", kept_));
    EXPECT_EQ(settle(), "");
  }

  void remove(const std::string& on) {
    EXPECT_TRUE(commit(on, {to_change(gone_, change_type::remove)}));
    EXPECT_EQ(settle(), "");
    // What each device did last stays.
    for (const auto* name : {"anna", "bert", "carl"})
      write_on(name);
    EXPECT_EQ(settle(), "");
    advance(1min);
  }

  void write_on(const std::string& name) {
    kept_.color = name + std::to_string(++written_);
    EXPECT_TRUE(put(name, kept_));
    advance(10s);
  }

  std::uint64_t forget_on(const std::string& name) {
    const auto done
      = ask<vacuum_result>(at(name).shared.library,
                           vacuum_library{timestamp{~std::uint64_t{0}}, false});
    EXPECT_TRUE(done) << done.error().message;
    advance(1s);
    return done ? done->forgotten : 0;
  }

  bool is_in_log_of(const std::string& name) {
    const auto all = log(name);
    return std::ranges::any_of(
      all, [&](const entry& one) { return one.record == gone_.uuid; });
  }

  /// Carl comes back, apart, as it was before all others deleted and forgot.
  void
  forget_behind_a_copy(const std::function<void(const std::string&)>& back) {
    copy("carl");
    remove("anna");
    for (const auto* name : {"anna", "bert", "carl"})
      EXPECT_EQ(forget_on(name), 1U);
    set_online("carl", false);
    back("carl");
  }

  void expect_gone() {
    EXPECT_EQ(settle(), "");
    for (const auto* name : {"anna", "bert", "carl"}) {
      EXPECT_FALSE(load<tag>(name, gone_.uuid)) << name;
      EXPECT_EQ(load<tag>(name, kept_.uuid), kept_) << name;
      EXPECT_EQ(status(name).pending, 0U) << name;
    }
  }

  tag gone_;
  tag kept_;
  int written_ = 0;
};

TEST_F(forgetting, leaves_nothing_of_a_record_that_all_know_to_be_gone) {
  remove("carl");
  for (const auto* name : {"anna", "bert", "carl"}) {
    EXPECT_EQ(forget_on(name), 1U) << name;
    EXPECT_FALSE(is_in_log_of(name)) << name;
  }
  let_in("dora", "anna");
  use_models("dora");
  expect_gone();
  EXPECT_FALSE(load<tag>("dora", gone_.uuid));
}

TEST_F(forgetting, waits_for_whoever_is_away) {
  limits.member.stale_after = 0s;
  set_online("carl", false);
  advance(1s);
  EXPECT_TRUE(commit("anna", {to_change(gone_, change_type::remove)}));
  write_on("anna");
  write_on("bert");
  advance(5min);
  EXPECT_EQ(forget_on("anna"), 0U);
  EXPECT_EQ(forget_on("bert"), 0U);
  set_online("carl", true);
  expect_gone();
  write_on("carl");
  write_on("anna");
  EXPECT_EQ(settle(), "");
  advance(1min);
  EXPECT_EQ(forget_on("anna"), 1U);
  expect_gone();
}

TEST_F(forgetting, lets_a_record_be_made_again) {
  // The leader knows still, and who makes it again does not; or so round.
  for (const auto* forgets : {"carl", "anna"}) {
    remove("bert");
    EXPECT_EQ(forget_on(forgets), 1U);
    const auto writes = forgets == std::string{"carl"} ? "carl" : "bert";
    gone_.color = forgets;
    EXPECT_TRUE(put(writes, gone_));
    EXPECT_EQ(settle(), "");
    for (const auto* name : {"anna", "bert", "carl"}) {
      EXPECT_EQ(load<tag>(name, gone_.uuid), gone_) << name;
      EXPECT_EQ(status(name).conflicts, 0U) << name;
    }
  }
  remove("bert");
  for (const auto* name : {"anna", "bert", "carl"})
    EXPECT_GE(forget_on(name), 1U);
  expect_gone();
}

TEST_F(forgetting, does_not_bring_back_what_an_older_copy_has) {
  forget_behind_a_copy([this](const auto& name) { put_back(name); });
  EXPECT_EQ(load<tag>("carl", gone_.uuid), gone_);
  set_online("carl", true);
  expect_gone();
  EXPECT_EQ(status("carl").conflicts, 0U);
}

TEST_F(forgetting, keeps_what_an_older_copy_made_of_it_as_a_conflict) {
  forget_behind_a_copy([this](const auto& name) { put_back(name); });
  auto changed = gone_;
  changed.color = "blue";
  EXPECT_TRUE(put("carl", changed));
  changed.color = "green";
  EXPECT_TRUE(put("carl", changed));
  set_online("carl", true);
  expect_gone();
  EXPECT_EQ(status("anna").conflicts, 1U);
  EXPECT_EQ(status("carl").conflicts, 1U);
}

TEST_F(forgetting, drops_what_an_older_database_shows) {
  forget_behind_a_copy([this](const auto& name) { put_database_back(name); });
  set_online("carl", true);
  expect_gone();
}

TEST_F(forgetting, ends_where_a_change_was_under_way) {
  limits.member.stale_after = 0s;
  set_online("carl", false);
  auto changed = gone_;
  changed.color = "blue";
  EXPECT_TRUE(put("carl", changed));
  advance(1s);
  EXPECT_TRUE(commit("anna", {to_change(gone_, change_type::remove)}));
  set_online("carl", true);
  expect_gone();
  EXPECT_EQ(status("carl").conflicts, 1U);
}

} // namespace
} // namespace lockstep
