#include "tests/support/fleet.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

/// What other programs write while two devices are at rest: nothing but the
/// file watch tells of it.
class database_written_at_rest : public fleet {
public:
  database_written_at_rest() {
    limits.library.entry_bytes_limit = 1'000;
    share({"anna", "bert"});
  }

  void insert_outside(const std::string& on, record_id id,
                      const std::string& tag_name) {
    write_outside(on, "INSERT INTO tag(uuid, name) VALUES('" + to_string(id)
                        + "', '" + tag_name + "')");
  }

  void rename_outside(const std::string& on, record_id id,
                      const std::string& tag_name) {
    write_outside(on, "UPDATE tag SET name = '" + tag_name + "' WHERE uuid = '"
                        + to_string(id) + "'");
  }

  std::string name_of(const std::string& on, record_id id) {
    auto found = load<tag>(on, id);
    return found ? found->name : found.error().message;
  }

  sequence_number head_of(const std::string& on) {
    return status(on).head.position.sequence;
  }
};

TEST_F(database_written_at_rest, on_the_leader_reaches_the_others) {
  const auto id = make_id();
  insert_outside("anna", id, "from outside");
  notice("anna");
  advance(1s);
  EXPECT_EQ(name_of("bert", id), "from outside");
  EXPECT_EQ(settle(), "");
}

TEST_F(database_written_at_rest, on_a_follower_is_proposed_and_comes_back) {
  const auto id = make_id();
  insert_outside("bert", id, "from outside");
  notice("bert");
  advance(1s);
  EXPECT_EQ(status("bert").pending, 0U);
  EXPECT_EQ(name_of("anna", id), "from outside");
  EXPECT_EQ(log("bert").back().device, at("bert").id);
  EXPECT_EQ(settle(), "");
}

TEST_F(database_written_at_rest, on_a_follower_waits_while_it_is_alone) {
  set_online("bert", false);
  const auto id = make_id();
  insert_outside("bert", id, "from outside");
  notice("bert");
  EXPECT_EQ(status("bert").pending, 1U);
  set_online("bert", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(name_of("anna", id), "from outside");
}

TEST_F(database_written_at_rest, is_one_transaction_and_logged_once) {
  const auto before = head_of("anna");
  notice("anna"); // The first look takes a turn whatever it finds.
  SQLite::Database file{database_of("anna").string(), SQLite::OPEN_READWRITE,
                        5'000};
  SQLite::Transaction together{file};
  for (int i = 0; i < 3; ++i)
    file.exec("INSERT INTO tag(uuid, name) VALUES('" + to_string(make_id())
              + "', 'tag " + std::to_string(i) + "')");
  notice("anna");
  EXPECT_EQ(head_of("anna"), before) << "not committed yet";
  together.commit();
  for (int i = 0; i < 5; ++i)
    notice("anna");
  EXPECT_EQ(head_of("anna"), before + 3);
  EXPECT_EQ(log("anna").back().transaction_end, before + 3);
  EXPECT_EQ(log("anna")[before.value].transaction_end, before + 3);
}

TEST_F(database_written_at_rest, is_found_when_the_library_opens_again) {
  crash("anna");
  const auto id = make_id();
  insert_outside("anna", id, "while closed");
  start("anna");
  reopen("anna");
  notice("anna");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(name_of("bert", id), "while closed");
}

TEST_F(database_written_at_rest, by_making_a_table_anew_is_captured) {
  const auto id = make_id();
  write_outside("anna", "DROP TABLE tag; "
                          + std::string{syncable_traits<tag>::create_table()}
                          + "; INSERT INTO tag(uuid, name) VALUES('"
                          + to_string(id) + "', 'in the new table')");
  notice("anna");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(name_of("bert", id), "in the new table");
}

TEST_F(database_written_at_rest, means_nothing_after_own_writes) {
  tag own{make_id(), "own", "", {}};
  ASSERT_TRUE(put("anna", own, receipt_state::stable));
  const auto before = head_of("anna");
  notice("anna");
  notice("bert");
  EXPECT_EQ(head_of("anna"), before);
  EXPECT_EQ(status("bert").pending, 0U);
  EXPECT_THAT(status("anna").capture_problem, IsEmpty());
}

TEST_F(database_written_at_rest, too_large_shows_in_the_status_until_it_fits) {
  for (const std::string on : {"anna", "bert"}) {
    const auto id = make_id();
    insert_outside(on, id, std::string(2'000, 'x'));
    notice(on);
    EXPECT_THAT(status(on).capture_problem, HasSubstr("the limit is 1000"));
    const tag fits{make_id(), "fits", "", {}};
    ASSERT_TRUE(put(on, fits, receipt_state::sequenced));
    EXPECT_THAT(status(on).capture_problem, HasSubstr("the limit is 1000"));
    rename_outside(on, id, "small now");
    notice(on);
    EXPECT_THAT(status(on).capture_problem, IsEmpty());
    EXPECT_EQ(settle(), "");
    EXPECT_EQ(name_of(on == "anna" ? "bert" : "anna", id), "small now");
  }
}

TEST_F(database_written_at_rest, too_large_is_captured_once_a_host_shrinks_it) {
  const auto id = make_id();
  insert_outside("anna", id, std::string(2'000, 'x'));
  notice("anna");
  ASSERT_TRUE(
    commit("anna", {sql_statement{"UPDATE tag SET name = 'small now'", {}}}));
  notice("anna");
  EXPECT_THAT(status("anna").capture_problem, IsEmpty());
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(name_of("bert", id), "small now");
}

TEST_F(database_written_at_rest,
       slow_waits_while_another_program_holds_the_file) {
  const auto id = make_id();
  insert_outside("anna", id, "from outside");
  const auto before = head_of("anna");
  SQLite::Database file{database_of("anna").string(), SQLite::OPEN_READWRITE,
                        5'000};
  file.exec("BEGIN IMMEDIATE");
  notice("anna");
  EXPECT_EQ(head_of("anna"), before);
  EXPECT_THAT(status("anna").capture_problem, testing::Not(IsEmpty()));
  file.exec("ROLLBACK");
  advance(1s);
  notice("anna");
  EXPECT_EQ(head_of("anna"), before + 1);
  EXPECT_THAT(status("anna").capture_problem, IsEmpty());
}

TEST_F(database_written_at_rest, to_a_file_in_its_place_is_shown) {
  const auto file = database_of("anna");
  const auto aside = file.string() + ".aside";
  std::filesystem::rename(file, aside);
  notice("anna");
  EXPECT_THAT(status("anna").capture_problem, HasSubstr("moved"));
  {
    SQLite::Database other{file.string(),
                           SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  }
  notice("anna");
  EXPECT_THAT(status("anna").capture_problem, HasSubstr("replaced"));
  std::filesystem::rename(aside, file);
  notice("anna");
  EXPECT_THAT(status("anna").capture_problem, IsEmpty());
  const auto id = make_id();
  insert_outside("anna", id, "back again");
  notice("anna");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(name_of("bert", id), "back again");
}

TEST_F(database_written_at_rest, to_a_deleted_file_ends_nothing) {
  std::filesystem::remove(database_of("anna"));
  notice("anna");
  EXPECT_THAT(status("anna").capture_problem, HasSubstr("deleted"));
  const tag later{make_id(), "later", "", {}};
  ASSERT_TRUE(put("anna", later, receipt_state::stable));
  EXPECT_EQ(name_of("bert", later.uuid), "later");
}

TEST_F(database_written_at_rest, entries_set_aside_are_counted) {
  EXPECT_EQ(status("bert").set_aside, 0U);
  write_outside("bert", "INSERT INTO lockstep_set_aside VALUES(1, 'a test')");
  EXPECT_EQ(status("bert").set_aside, 1U);
}

} // namespace
} // namespace lockstep
