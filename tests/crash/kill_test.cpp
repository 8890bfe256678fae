#include "tests/crash/killed_process.hpp"
#include "tests/crash/log_checks.hpp"
#include "tests/crash/opened_devices.hpp"
#include "tests/support/temporary_directory.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

namespace lockstep {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds patience{30};

/// Kills children over one pair of data directories.
class slow_kill : public testing::Test {
protected:
  void SetUp() override {
    spdlog::set_level(spdlog::level::err);
    if (const auto* given = std::getenv("LOCKSTEP_SEED"))
      seed = std::strtoull(given, nullptr, 10);
    else
      seed = std::random_device{}();
    std::cout << "LOCKSTEP_SEED=" << seed << '\n';
    random.seed(seed);
  }

  /// Runs a child that is killed within `most`, from its start or from when it
  /// was ready.
  void kill_one(const std::string& mode, milliseconds most) {
    const auto words = run_and_kill({mode, directory.path().string(),
                                     std::to_string(++round),
                                     std::to_string(random()),
                                     folder.string()},
                                    kill_moment::any(random, most));
    ASSERT_EQ(words.stopped, "") << "in round " << round;
    ready += words.ready ? 1 : 0;
    indexed += words.indexed;
    told.insert(told.end(), words.acknowledged.begin(),
                words.acknowledged.end());
  }

  /// All that was acknowledged is there once, on every device.
  void check(bool with_follower) {
    SCOPED_TRACE("after round " + std::to_string(round) + ", seed "
                 + std::to_string(seed));
    {
      opened_devices devices{directory.path(), with_follower};
      ASSERT_EQ(devices.problem(), "");
      use_library(devices.leader());
      ASSERT_EQ(devices.wait_until_in_step(patience), "");
      const auto log = read_log(devices.leader());
      ASSERT_NO_FATAL_FAILURE(check_log(log));
      ASSERT_NO_FATAL_FAILURE(check_acknowledged(log, told));
      check_table(devices.leader(), log);
      if (with_follower) {
        EXPECT_EQ(read_log(devices.follower()), log);
        check_table(devices.follower(), log);
        EXPECT_EQ(devices.leader().digest().get().value(),
                  devices.follower().digest().get().value());
      }
      entries = log.size();
    }
    check_files(directory / "a");
    if (with_follower)
      check_files(directory / "b");
  }

  /// A library that was opened after a kill takes writes at once.
  void use_library(library& opened) {
    const auto table = opened.use<counter>().get();
    ASSERT_TRUE(table) << table.error().message;
    const auto made
      = opened
          .commit(counter{record_group{'p', 0, 0, 1}.at(0), ++round, "", {}},
                  change_type::update, receipt_state::sequenced)
          .get();
    ASSERT_TRUE(made) << made.error().message;
  }

  void report() const {
    std::cout << round << " rounds, " << ready << " ready, " << told.size()
              << " acknowledged, " << entries << " entries\n";
  }

  std::uint64_t seed = 0;
  std::mt19937_64 random;
  temporary_directory directory;
  std::filesystem::path folder;
  std::int64_t round = 0;
  std::vector<acknowledged> told;
  std::uint64_t ready = 0;
  std::uint64_t indexed = 0;
  std::size_t entries = 0;
};

} // namespace

TEST_F(slow_kill, loses_nothing_that_a_leader_acknowledged) {
  for (int i = 0; i < 36; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_one("lead", milliseconds{300}));
    if (i % 4 == 3) {
      ASSERT_NO_FATAL_FAILURE(check(false));
    }
  }
  report();
  EXPECT_GT(told.size(), 100U);
}

TEST_F(slow_kill, loses_nothing_and_applies_nothing_twice_among_two_devices) {
  for (int i = 0; i < 36; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_one("follow", milliseconds{400}));
    if (i % 3 == 2) {
      ASSERT_NO_FATAL_FAILURE(check(true));
    }
  }
  report();
  EXPECT_GT(told.size(), 100U);
}

} // namespace lockstep
