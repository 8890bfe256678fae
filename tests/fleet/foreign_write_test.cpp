#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// What other programs do to a library's file while two devices share it.
class foreign_write : public fleet {
public:
  foreign_write() {
    limits.library.entry_bytes_limit = 1'000;
    share({"anna", "bert"});
  }

  std::string insert_tag(record_id id, const std::string& tag_name) {
    return "INSERT INTO tag(uuid, name) VALUES('" + to_string(id) + "', '"
           + tag_name + "')";
  }

  tag make_tag(std::string name) {
    return {make_id(), std::move(name), "", {}};
  }
};

TEST_F(foreign_write, reaches_the_others_with_the_next_turn) {
  const auto id = make_id();
  write_outside("anna", insert_tag(id, "from outside"));
  ASSERT_TRUE(put("anna", make_tag("next")));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("bert", id)->name, "from outside");
}

TEST_F(foreign_write, on_a_follower_is_proposed_when_an_entry_is_applied) {
  const auto id = make_id();
  write_outside("bert", insert_tag(id, "from outside"));
  ASSERT_TRUE(put("anna", make_tag("something else")));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(load<tag>("anna", id)->name, "from outside");
}

TEST_F(foreign_write, that_is_too_large_stops_nobody_else) {
  for (const auto& name : {"anna", "bert"}) {
    write_outside(name, insert_tag(make_id(), std::string(2'000, 'x')));
    const auto fits = make_tag("fits");
    ASSERT_TRUE(put(name, fits, receipt_state::sequenced));
    EXPECT_TRUE(load<tag>("anna", fits.uuid));
  }
}

TEST_F(foreign_write, in_the_way_of_the_file_only_delays) {
  SQLite::Database file{database_of("bert").string(), SQLite::OPEN_READWRITE,
                        5'000};
  file.exec("BEGIN IMMEDIATE");
  const auto sky = make_tag("sky");
  ASSERT_TRUE(put("anna", sky));
  run();
  EXPECT_FALSE(load<tag>("bert", sky.uuid));
  file.exec("ROLLBACK");
  advance(5s);
  EXPECT_EQ(load<tag>("bert", sky.uuid), sky);
}

TEST_F(foreign_write, of_a_table_that_cannot_be_tracked_leaves_it_untracked) {
  const sql_statement make{"CREATE TABLE bad(rowid, _rowid_, oid)", {}};
  ASSERT_TRUE(commit("anna", {make}));
  write_outside("anna", "INSERT INTO bad VALUES(1, 2, 3)");
  const auto& anna = at("anna").shared.library;
  EXPECT_FALSE(ask<tracked_table>(anna, track_table{"bad", "", {}}));
  write_outside("anna", "ALTER TABLE bad RENAME COLUMN oid TO v");
  const auto before = status("anna").head.position.sequence;
  const auto tracked = ask<tracked_table>(anna, track_table{"bad", "", {}});
  ASSERT_TRUE(tracked) << tracked.error().message;
  run();
  EXPECT_EQ(status("anna").head.position.sequence, before + 1);
}

TEST_F(foreign_write, tracked_table_keeps_its_excluded_columns) {
  const auto& anna = at("anna").shared.library;
  const auto again = ask<tracked_table>(anna, track_table{"tag", "", {"name"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::already_exists);
}

TEST_F(foreign_write, nobody_forges_lockstep_s_own_records) {
  for (const auto model : {member_model, conflict_model}) {
    const auto forged
      = commit("anna", {record_change{std::string{model}, make_id(),
                                      change_type::update, R"({"name":5})"}});
    ASSERT_FALSE(forged);
    EXPECT_EQ(forged.error().code, errc::invalid_argument);
  }
}

TEST_F(foreign_write, member_let_in_on_a_lost_branch_keeps_its_writes) {
  auto& carl = start("carl");
  ASSERT_TRUE(ask<receipt>(at("anna").shared.library,
                           change_member{{carl.id, "carl", false}}));
  carl.shared = *ask<library_handles>(
    carl.node,
    join_library{at("anna").shared.id, "photos", at("anna").id, at("anna").id});
  advance(1min);
  set_online("bert", false);
  advance(5min);
  ASSERT_EQ(leadership("bert").role, role::leader);
  auto& dora = start("dora");
  ASSERT_TRUE(ask<receipt>(at("anna").shared.library,
                           change_member{{dora.id, "dora", false}}));
  dora.shared = *ask<library_handles>(
    dora.node,
    join_library{at("anna").shared.id, "photos", at("anna").id, at("anna").id});
  advance(1min);
  ASSERT_TRUE(commit("dora",
                     {record_change{"note", make_id(), change_type::insert,
                                    R"({"text":"from dora"})"}},
                     receipt_state::sequenced));
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(put("bert", make_tag("tag " + std::to_string(i))));
  set_online("bert", true);
  advance(30min);
  EXPECT_EQ(status("anna").pending, 0U);
  const auto list = log("bert");
  EXPECT_EQ(std::count_if(
              list.begin(), list.end(),
              [&](const entry& what) { return what.device == at("dora").id; }),
            1);
}

} // namespace
} // namespace lockstep
