#include "tests/simulation/log_checker.hpp"
#include "tests/simulation/table_checker.hpp"
#include "tests/simulation/world.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

namespace lockstep::simulation {
namespace {

using namespace std::chrono_literals;

/// Three devices, of which one has a disk that cannot grow for a while.
class disk_without_room : public ::testing::Test {
public:
  static constexpr std::int64_t page = 4096;

  void SetUp() override {
    const auto shared = world_.share(3);
    ASSERT_TRUE(shared) << shared.error().message;
  }

  device& at(std::size_t number) {
    return world_.devices.at(number);
  }

  /// A row of some pages; what the leader's files hold of it already decides
  /// which of them finds the disk full.
  expected<receipt> commit(device& where, int number) {
    const auto key = std::to_string(100'000'000'000 + number);
    return world_.ask<receipt>(
      where, where.shared.library, 1min,
      commit_transaction{
        {sql_statement{"INSERT INTO note VALUES('01890a5d-ac96-774b-bcce-" + key
                         + "', hex(randomblob(10000)), "
                         + std::to_string(number) + ")",
                       {}}}});
  }

  bool has(device& where, int number) {
    const auto rows
      = world_.ask<sql_rows>(where, where.shared.library, 1min,
                             sql_query{{"SELECT 1 FROM note WHERE stars = "
                                          + std::to_string(number),
                                        {}}});
    EXPECT_TRUE(rows) << rows.error().message;
    return rows && !rows->rows.empty();
  }

  void expect_refused(const expected<receipt>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, errc::disk_full) << answer.error().message;
    EXPECT_EQ(answer.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(answer.error().message.back(), '.') << answer.error().message;
  }

  void expect_equal() {
    verdict result;
    const auto tables = read_tables(world_, at(0));
    log_checker logs{world_, result};
    const auto log = logs.read_all(at(0));
    for (auto& one : world_.devices) {
      EXPECT_EQ(read_tables(world_, one), tables) << one.name;
      EXPECT_EQ(logs.read_all(one), log) << one.name;
      const auto state = read_state(world_, one);
      ASSERT_TRUE(state) << state.error().message;
      EXPECT_EQ(state->pending, 0U) << one.name;
      EXPECT_EQ(state->set_aside, 0U) << one.name;
    }
  }

  temporary_directory folder_;
  world world_{1, folder_.path()};
};

TEST_F(disk_without_room, makes_a_leader_refuse_a_commit_or_keep_it) {
  auto& leader = at(0);
  std::vector<int> kept;
  std::vector<int> refused;
  // One page more each time: the log's file is the full one first, then the
  // database's, whose row the log brings back.
  for (int number = 1; number <= 30; ++number) {
    leader.disk->room = (number % 15) * page;
    const auto answer = commit(leader, number);
    if (!answer)
      expect_refused(answer);
    (answer ? kept : refused).push_back(number);
    leader.disk->room = memory_volume::plenty;
    world_.run.run_for(1min);
  }
  EXPECT_GT(refused.size(), 2U);
  EXPECT_GT(kept.size(), 2U);
  world_.run.run_for(10min);
  for (auto& one : world_.devices) {
    for (int number : kept)
      EXPECT_TRUE(has(one, number)) << number << " on " << one.name;
    for (int number : refused)
      EXPECT_FALSE(has(one, number)) << number << " on " << one.name;
  }
  expect_equal();
}

TEST_F(disk_without_room, lets_a_leader_be_read_that_cannot_take_office) {
  auto& leader = at(0);
  world_.crash(leader, unflushed::kept);
  ASSERT_TRUE(world_.start(leader));
  SQLite::Database{world_.database_of(leader).string(), SQLite::OPEN_READWRITE}
    .exec("INSERT INTO note VALUES('01890a5d-ac96-774b-bcce-000000000000',"
          " hex(randomblob(100000)), 7)");
  leader.disk->room = 0;
  ASSERT_TRUE(world_.reopen(leader));
  EXPECT_TRUE(has(leader, 7));
  expect_refused(commit(leader, 8));
  leader.disk->room = memory_volume::plenty;
  world_.run.run_for(5min);
  ASSERT_TRUE(world_.reopen(leader));
  ASSERT_TRUE(commit(leader, 9));
  world_.run.run_for(5min);
  for (auto& one : world_.devices)
    EXPECT_TRUE(has(one, 7) && !has(one, 8) && has(one, 9)) << one.name;
  expect_equal();
}

TEST_F(disk_without_room, of_a_leader_does_not_keep_others_from_writing) {
  at(0).disk->room = 0;
  expect_refused(commit(at(0), 1));
  EXPECT_FALSE(has(at(0), 1));
  ASSERT_TRUE(commit(at(1), 2));
  world_.run.run_for(5min);
  EXPECT_TRUE(has(at(1), 2));
  EXPECT_TRUE(has(at(2), 2)) << "somebody else was to lead";
  at(0).disk->room = memory_volume::plenty;
  world_.run.run_for(10min);
  // Its actors may have failed and begun anew.
  ASSERT_TRUE(world_.reopen(at(0)));
  for (auto& one : world_.devices)
    EXPECT_TRUE(has(one, 2)) << one.name;
  expect_equal();
}

TEST_F(disk_without_room, of_a_follower_only_delays_what_others_wrote) {
  auto& follower = at(1);
  for (int number = 1; number <= 30; ++number) {
    follower.disk->room = (number % 15) * page;
    ASSERT_TRUE(commit(at(0), number));
    world_.run.run_for(1min);
    const auto own = commit(follower, 1000 + number);
    if (!own)
      expect_refused(own);
    EXPECT_EQ(has(follower, 1000 + number), own.has_value()) << number;
    follower.disk->room = memory_volume::plenty;
    world_.run.run_for(5min);
    for (auto& one : world_.devices) {
      EXPECT_TRUE(has(one, number)) << number << " on " << one.name;
      EXPECT_EQ(has(one, 1000 + number), own.has_value())
        << number << " on " << one.name;
    }
  }
  expect_equal();
}

} // namespace
} // namespace lockstep::simulation
