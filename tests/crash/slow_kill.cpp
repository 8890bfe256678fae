#include "tests/crash/slow_kill.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace lockstep {

void slow_kill::SetUp() {
  spdlog::set_level(spdlog::level::err);
  if (const auto* given = std::getenv("LOCKSTEP_SEED"))
    seed = std::strtoull(given, nullptr, 10);
  else
    seed = std::random_device{}();
  std::cout << "LOCKSTEP_SEED=" << seed << '\n';
  random.seed(seed);
}

void slow_kill::TearDown() {
  std::cout << round << " rounds, " << ready << " ready, " << told.size()
            << " records acknowledged, " << indexed << " folders indexed, "
            << entries << " entries, " << conflicts << " conflicts\n";
}

void slow_kill::kill_one(const std::string& mode,
                         std::chrono::milliseconds most) {
  kill_one(mode, kill_moment::any(random, most));
}

void slow_kill::kill_one(const std::string& mode, const kill_moment& when) {
  const auto words
    = run_and_kill({mode, directory.path().string(), std::to_string(++round),
                    std::to_string(random()), folder.path().string()},
                   when);
  ASSERT_EQ(words.stopped, "") << "in round " << round;
  ready += words.ready ? 1 : 0;
  indexed += words.indexed;
  told.insert(told.end(), words.acknowledged.begin(), words.acknowledged.end());
}

void slow_kill::check(bool with_follower) {
  SCOPED_TRACE("after round " + std::to_string(round)
               + ", LOCKSTEP_SEED=" + std::to_string(seed));
  {
    opened_devices devices{directory.path(), with_follower};
    ASSERT_EQ(devices.problem(), "");
    check(devices, with_follower);
  }
  check_files(directory / "a");
  if (with_follower)
    check_files(directory / "b");
}

void slow_kill::check(opened_devices& devices, bool with_follower) {
  ASSERT_NO_FATAL_FAILURE(use_library(devices.leader()));
  if (with_follower) {
    ASSERT_NO_FATAL_FAILURE(use_library(devices.follower()));
  }
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
  conflicts = static_cast<std::size_t>(
    std::count_if(log.begin(), log.end(), [](const entry& what) {
      return what.model == conflict_model;
    }));
}

void slow_kill::use_library(library& opened) {
  const auto table = opened.use<counter>().get();
  ASSERT_TRUE(table) << table.error().message;
  const counter written{record_group{'p', 0, 0, 1}.at(0), ++round, "", {}};
  auto answer
    = opened.commit(written, change_type::update, receipt_state::sequenced);
  ASSERT_EQ(answer.wait_for(patience), std::future_status::ready);
  const auto made = answer.get();
  ASSERT_TRUE(made) << made.error().message;
}

} // namespace lockstep
