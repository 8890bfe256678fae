#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Files and tables that go while their library is open.
class gone_while_open : public fleet {
public:
  gone_while_open() {
    share({"anna", "bert"});
  }

  std::filesystem::path log_of(const std::string& name) {
    return database_of(name).parent_path() / "sync.db";
  }

  std::vector<std::string> problems(const std::string& on) {
    auto found = ask<library_report>(at(on).shared.library, check_library{});
    return found ? found->problems
                 : std::vector<std::string>{found.error().message};
  }

  expected<receipt> put_new(const std::string& on) {
    return put(on, tag{make_id(), "tag of " + on, "", {}},
               receipt_state::local);
  }

  void expect_refused(const std::string& on) {
    const auto refused = put_new(on);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("moved, deleted or"));
    expect_told(on);
  }

  void expect_told(const std::string& on) {
    const auto now = status(on);
    EXPECT_EQ(now.problem.code, errc::corrupt);
    EXPECT_THAT(now.problem.message, HasSubstr("sync.db was moved"));
    EXPECT_THAT(now.problem.message, HasSubstr("lockstep repair"));
    EXPECT_THAT(problems(on), Contains(HasSubstr("sync.db was moved")));
  }

  void expect_well(const std::string& on) {
    EXPECT_EQ(status(on).problem.code, errc::none);
    EXPECT_THAT(status(on).table_problem, IsEmpty());
    EXPECT_THAT(problems(on), IsEmpty());
  }
};

TEST_F(gone_while_open, a_log_takes_nothing_until_it_is_back) {
  ASSERT_TRUE(put_new("anna"));
  const auto before = status("anna").head;
  const auto aside = log_of("anna").string() + ".aside";
  std::filesystem::rename(log_of("anna"), aside);
  expect_refused("anna");
  // Nor where another one has its name.
  std::filesystem::copy_file(aside, log_of("anna"));
  expect_refused("anna");
  EXPECT_EQ(status("anna").head, before);
  std::filesystem::rename(aside, log_of("anna"));
  ASSERT_TRUE(put_new("anna"));
  EXPECT_EQ(settle(), "");
  expect_well("anna");
}

TEST_F(gone_while_open, a_followers_log_acknowledges_nothing) {
  const auto aside = log_of("bert").string() + ".aside";
  std::filesystem::rename(log_of("bert"), aside);
  const auto before = status("bert").head;
  ASSERT_TRUE(put_new("anna"));
  advance(1min);
  EXPECT_EQ(status("bert").head, before);
  EXPECT_LT(status("anna").stable, status("anna").head.position.sequence);
  expect_told("bert");
  // What it writes itself is kept in the database.
  ASSERT_TRUE(put_new("bert"));
  std::filesystem::rename(aside, log_of("bert"));
  advance(1min);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(status("anna").stable, status("anna").head.position.sequence);
  expect_well("bert");
}

TEST_F(gone_while_open, a_database_is_told_of_by_a_check) {
  std::filesystem::rename(database_of("anna"),
                          database_of("anna").string() + ".aside");
  EXPECT_THAT(problems("anna"), Contains(HasSubstr("database.db was moved")));
}

TEST_F(gone_while_open, a_table_is_told_of_and_has_its_rows_again) {
  ASSERT_TRUE(put_new("anna"));
  EXPECT_EQ(settle(), "");
  write_outside("bert", "DROP TABLE tag");
  notice("bert");
  ASSERT_TRUE(put_new("anna"));
  advance(1s);
  EXPECT_THAT(status("bert").table_problem, HasSubstr("\"tag\" is gone"));
  EXPECT_THAT(status("bert").table_problem, HasSubstr("untrack"));
  EXPECT_THAT(problems("bert"), Contains(HasSubstr("\"tag\" is gone")));
  EXPECT_EQ(status("bert").pending, 0U);
  write_outside("bert", syncable_traits<tag>::create_table());
  notice("bert");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(digest("bert"), digest("anna"));
  EXPECT_EQ(SQLite::Database{database_of("bert").string()}
              .execAndGet("SELECT count(*) FROM tag")
              .getInt(),
            2);
  expect_well("bert");
}

TEST_F(gone_while_open, a_table_may_be_untracked) {
  ASSERT_TRUE(put_new("anna"));
  write_outside("bert", "DROP TABLE tag");
  notice("bert");
  EXPECT_THAT(status("bert").table_problem, Not(IsEmpty()));
  ASSERT_TRUE(
    ask<untracked_table>(at("bert").shared.library, untrack_table{"tag"}));
  expect_well("bert");
  ASSERT_TRUE(put_new("anna"));
  run();
  EXPECT_EQ(status("bert").head, status("anna").head);
}

} // namespace
} // namespace lockstep
