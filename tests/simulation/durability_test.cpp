#include "messages/library_requests.hpp"
#include "tests/simulation/message_content.hpp"
#include "tests/simulation/table_checker.hpp"
#include "tests/simulation/world.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

namespace lockstep::simulation {
namespace {

using namespace std::chrono_literals;

/// One device whose machine loses all that was not flushed.
class power_cut : public ::testing::Test {
public:
  void SetUp() override {
    ASSERT_TRUE(world_.share(1));
  }

  expected<receipt> commit(const std::string& sql) {
    return world_.ask<receipt>(one(), one().shared.library, 1min,
                               commit_transaction{{sql_statement{sql, {}}}});
  }

  void lose_power() {
    world_.crash(one(), unflushed::lost);
    ASSERT_TRUE(world_.start(one()));
    auto opened = world_.reopen(one());
    ASSERT_TRUE(opened) << opened.error().message;
  }

  std::string answer(const std::string& sql) {
    auto rows = world_.ask<sql_rows>(one(), one().shared.library, 1min,
                                     sql_query{{sql, {}}});
    if (!rows)
      return rows.error().message;
    return rows->rows.empty() ? "nothing"
                              : std::get<std::string>(rows->rows[0][0]);
  }

  temporary_directory folder_;
  world world_{1, folder_.path()};

  /// The only one; there once the library is shared.
  device& one() {
    return world_.devices.front();
  }
};

TEST_F(power_cut, leaves_a_tracked_row) {
  ASSERT_TRUE(commit("INSERT INTO note VALUES("
                     "'01890a5d-ac96-774b-bcce-b302099a8057', 'kept', 1)"));
  lose_power();
  EXPECT_EQ(answer("SELECT text FROM note"), "kept");
}

TEST_F(power_cut, leaves_a_table_that_was_made) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT)"));
  lose_power();
  EXPECT_EQ(answer("SELECT name FROM sqlite_schema WHERE name = 'own'"), "own");
}

TEST_F(power_cut, leaves_a_row_that_is_not_tracked) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT)"));
  ASSERT_TRUE(commit("INSERT INTO own VALUES('kept')"));
  lose_power();
  EXPECT_EQ(answer("SELECT x FROM own"), "kept");
}

TEST_F(power_cut, leaves_what_was_committed_together_with_a_tracked_row) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT)"));
  const sql_statement tracked{
    "INSERT INTO note VALUES('01890a5d-ac96-774b-bcce-b302099a8057', 'a', 1)",
    {}};
  const sql_statement other{"INSERT INTO own VALUES('kept')", {}};
  ASSERT_TRUE(world_.ask<receipt>(one(), one().shared.library, 1min,
                                  commit_transaction{{tracked, other}}));
  lose_power();
  EXPECT_EQ(answer("SELECT x FROM own"), "kept");
}

TEST_F(power_cut, leaves_what_the_application_s_triggers_wrote) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT)"));
  ASSERT_TRUE(commit("CREATE TRIGGER count_notes AFTER INSERT ON note BEGIN"
                     " INSERT INTO own VALUES('kept'); END"));
  const record_change note{"note", record_id{make_uuid_v7(1, 2, 3)},
                           change_type::insert, R"({"text":"a","stars":1})"};
  ASSERT_TRUE(world_.ask<receipt>(one(), one().shared.library, 1min,
                                  commit_transaction{{note}}));
  lose_power();
  EXPECT_EQ(answer("SELECT x FROM own"), "kept");
}

TEST_F(power_cut, leaves_a_table_tracked) {
  ASSERT_TRUE(commit("CREATE TABLE own(x TEXT PRIMARY KEY NOT NULL)"));
  ASSERT_TRUE(commit("INSERT INTO own VALUES('kept')"));
  ASSERT_TRUE(world_.ask<tracked_table>(one(), one().shared.library, 1min,
                                        track_table{"own", {}, {}}));
  lose_power();
  EXPECT_EQ(answer("SELECT name FROM lockstep_model WHERE name = 'own'"),
            "own");
}

TEST_F(power_cut, of_the_process_alone_still_answers_who_waits) {
  world_.add_device();
  ASSERT_TRUE(world_.start(world_.devices.back()));
  ASSERT_TRUE(world_.ask<receipt>(
    one(), one().shared.library, 1min,
    change_member{{world_.devices.back().id, "away", false}}));
  // Nobody else holds it, so it is not stable.
  const auto waiting = world_.request<receipt>(
    one().shared.library,
    commit_transaction{{sql_statement{"INSERT INTO label VALUES('01890a5d-ac96-"
                                      "774b-bcce-b302099a8057', 'a', 'b')",
                                      {}}},
                       receipt_state::stable});
  world_.run.run_for(1s);
  ASSERT_FALSE(waiting->has_value());
  world_.crash(one(), unflushed::kept);
  world_.run.run_for(1s);
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ((*waiting)->error().code, errc::closed);
}

/// The same device, whose disk is full for a while.
class full_disk : public power_cut {
public:
  std::string insert() {
    return "INSERT INTO note VALUES('"
           + to_string(record_id{make_uuid_v7(++made_, 0, 0)}) + "', '"
           + std::string(3'000, 'x') + "', 1)";
  }

  void write_as_another_program() {
    SQLite::Database file{world_.database_of(one()).string(),
                          SQLite::OPEN_READWRITE};
    file.exec(insert());
  }

  std::uint64_t made_ = 0;
};

TEST_F(full_disk, leaves_nothing_pending_on_a_leader) {
  bool behind = false;
  for (std::int64_t room = 4'000; room < 80'000; room += 4'000) {
    one().disk->room = room;
    static_cast<void>(commit(insert()));
    auto state = world_.ask<library_status>(one(), one().shared.library, 1min,
                                            read_status{});
    behind
      = behind || (state && state->applied < state->head.position.sequence);
    one().disk->room = memory_volume::plenty;
    write_as_another_program();
    world_.run.run_for(5s);
    state = world_.ask<library_status>(one(), one().shared.library, 1min,
                                       read_status{});
    ASSERT_TRUE(state) << state.error().message;
    ASSERT_EQ(state->pending, 0U) << "room for " << room << " bytes";
    ASSERT_EQ(state->applied, state->head.position.sequence);
  }
  EXPECT_TRUE(behind) << "the log never got ahead of the tables";
}

TEST(power_cut_of_a_follower, leaves_what_it_proposes) {
  const temporary_directory folder;
  world fleet{1, folder.path()};
  ASSERT_TRUE(fleet.share(2));
  auto& follower = fleet.devices.back();
  auto pending = [&] {
    SQLite::Database file{fleet.database_of(follower).string()};
    return file.execAndGet("SELECT count(*) FROM lockstep_pending").getInt();
  };
  SQLite::Database{fleet.database_of(follower).string(), SQLite::OPEN_READWRITE}
    .exec("INSERT INTO note VALUES('01890a5d-ac96-774b-bcce-b302099a8057',"
          " 'of another program', 1)");
  auto& leader = fleet.devices.front();
  const auto answer = fleet.request<receipt>(
    leader.shared.library,
    commit_transaction{{sql_statement{
      "INSERT INTO note VALUES('01890a5d-ac96-774b-bcce-b302099a8058', 'a',"
      " 1)",
      {}}}});
  // It asks for what it may propose.
  bool proposes = false;
  fleet.before_step = [&](device& which, caf::mailbox_element& next) {
    proposes |= which.number == follower.number
                && content_of<pending_batch>(next) != nullptr;
  };
  fleet.run.run_until([&] { return proposes; }, 1min);
  ASSERT_TRUE(proposes);
  ASSERT_EQ(pending(), 1);
  fleet.crash(follower, unflushed::lost);
  follower.disk->restore_power();
  EXPECT_EQ(pending(), 1);
}

} // namespace
} // namespace lockstep::simulation
