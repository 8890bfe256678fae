#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

/// Tables that start and stop taking part, on two devices.
class tables_taking_part : public fleet {
public:
  tables_taking_part() {
    share({"anna", "bert"});
  }

  expected<tracked_table> track(const std::string& on,
                                const std::string& what) {
    return ask<tracked_table>(at(on).shared.library, track_table{what, "", {}});
  }

  expected<untracked_table> untrack(const std::string& on,
                                    const std::string& what) {
    return ask<untracked_table>(at(on).shared.library, untrack_table{what});
  }

  void on_both(const std::string& sql) {
    for (const auto* name : {"anna", "bert"})
      ASSERT_TRUE(commit(name, {sql_statement{sql, {}}}));
  }

  std::string count(const std::string& on, const std::string& table) {
    SQLite::Database file{database_of(on).string(), SQLite::OPEN_READONLY};
    return file.execAndGet("SELECT count(*) FROM " + table).getString();
  }
};

TEST_F(tables_taking_part, say_what_tells_their_rows_apart) {
  on_both("CREATE TABLE town(name TEXT PRIMARY KEY) WITHOUT ROWID");
  on_both("CREATE TABLE street(id INTEGER PRIMARY KEY, name)");
  EXPECT_EQ(track("anna", "town")->key, key_kind::natural);
  EXPECT_EQ(track("anna", "street")->key, key_kind::integer);
  EXPECT_EQ(track("anna", "tag")->key, key_kind::uuid);
}

TEST_F(tables_taking_part, stop_on_the_device_that_untracks_them) {
  on_both("CREATE TABLE town(name TEXT PRIMARY KEY)");
  for (const auto* name : {"anna", "bert"})
    ASSERT_TRUE(track(name, "town"));
  ASSERT_TRUE(
    commit("anna", {sql_statement{"INSERT INTO town VALUES('Ulm')", {}}}));
  EXPECT_EQ(settle(), "");
  const auto gone = untrack("anna", "TOWN");
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(gone->table, "town");
  const auto before = log("anna").size();
  ASSERT_TRUE(
    commit("anna", {sql_statement{"INSERT INTO town VALUES('Bonn')", {}}}));
  run();
  EXPECT_EQ(log("anna").size(), before);
  EXPECT_EQ(count("anna", "town"), "2");
  EXPECT_EQ(count("bert", "town"), "1");
  // Tracked again, what is new enters the log and reaches the other.
  const auto again = track("anna", "town");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(log("anna").size(), before + 1);
  EXPECT_EQ(count("bert", "town"), "2");
}

TEST_F(tables_taking_part, take_with_them_what_waited_to_be_captured) {
  on_both("CREATE TABLE town(name TEXT PRIMARY KEY)");
  ASSERT_TRUE(track("bert", "town"));
  write_outside("bert", "INSERT INTO town VALUES('Ulm')");
  const auto gone = untrack("bert", "town");
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(settle(), "");
  const auto list = log("anna");
  EXPECT_EQ(std::count_if(list.begin(), list.end(),
                          [](const entry& one) { return one.model == "town"; }),
            1);
}

TEST_F(tables_taking_part, cannot_stop_what_is_not_tracked) {
  const auto why = untrack("anna", "nothing");
  ASSERT_FALSE(why);
  EXPECT_EQ(why.error().code, errc::not_found);
  ASSERT_TRUE(ask<table_list>(at("anna").shared.library, read_tables{}));
}

TEST_F(tables_taking_part, are_listed_with_what_keeps_them_out) {
  on_both("CREATE VIRTUAL TABLE words USING fts5(text)");
  const auto list = ask<table_list>(at("anna").shared.library, read_tables{});
  ASSERT_TRUE(list);
  bool found = false;
  for (const auto& one : list->tables) {
    if (one.name == "tag") {
      EXPECT_EQ(one.model, "tag");
    }
    if (one.name == "words") {
      found = true;
      EXPECT_EQ(one.model, "");
      EXPECT_NE(one.refusal, "");
    }
  }
  EXPECT_TRUE(found);
}

TEST_F(tables_taking_part, all_end_when_the_database_is_detached) {
  const auto& library = at("anna").shared.library;
  ASSERT_TRUE(ask<done>(library, detach_database{}));
  EXPECT_EQ(count("anna", "sqlite_schema WHERE name LIKE 'lockstep%'"), "0");
  const auto late = commit(
    "anna",
    {sql_statement{"INSERT INTO tag(uuid, name) VALUES('a', 'b')", {}}});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::closed);
  advance(std::chrono::minutes{5});
  EXPECT_EQ(count("anna", "sqlite_schema WHERE name LIKE 'lockstep%'"), "0");
}

TEST_F(tables_taking_part, are_ordered_by_a_device_that_has_them) {
  const sql_statement town{
    "CREATE TABLE town(name TEXT PRIMARY KEY, river UNIQUE)", {}};
  ASSERT_EQ(leader(), "anna");
  ASSERT_TRUE(commit("bert", {town}));
  ASSERT_TRUE(track("bert", "town"));
  ASSERT_TRUE(commit(
    "bert", {sql_statement{"INSERT INTO town VALUES('Ulm', 'Donau')", {}}}));
  settle();
  EXPECT_EQ(leader(), "bert");
  EXPECT_EQ(log("anna").back().model, "town");
  ASSERT_TRUE(commit("anna", {town}));
  ASSERT_TRUE(track("anna", "town"));
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(leader(), "bert");
}

TEST_F(tables_taking_part, are_ordered_without_them_where_nobody_else_leads) {
  limits.leadership.priority = -1;
  let_in("carl", "anna");
  const sql_statement town{"CREATE TABLE town(name TEXT PRIMARY KEY)", {}};
  ASSERT_TRUE(commit("carl", {town}));
  ASSERT_TRUE(track("carl", "town"));
  ASSERT_TRUE(
    commit("carl", {sql_statement{"INSERT INTO town VALUES('Ulm')", {}}}));
  settle();
  EXPECT_EQ(leader(), "anna");
  EXPECT_EQ(log("anna").back().model, "town");
}

} // namespace
} // namespace lockstep
