#include "persistence/entry_archive.hpp"
#include "tests/crash/slow_kill.hpp"

#include <map>

namespace lockstep {

namespace {

/// The log with all that vacuum took from it. What a kill left in both is the
/// same in both.
std::vector<entry> whole_log(library& from,
                             const std::filesystem::path& directory) {
  std::map<sequence_number, entry> all;
  for (auto& one : read_log(from))
    all.emplace(one.sequence, std::move(one));
  for (const auto& folder :
       std::filesystem::directory_iterator{directory / "libraries"}) {
    const auto read = entry_archive{folder.path() / "archive"}.read(
      {}, [&](const entry& one) {
        EXPECT_EQ(all.emplace(one.sequence, one).first->second, one);
        return true;
      });
    EXPECT_TRUE(read) << read.error().message;
  }
  std::vector<entry> log;
  for (auto& [sequence, one] : all)
    log.push_back(std::move(one));
  return log;
}

} // namespace

TEST_F(slow_kill, loses_nothing_that_is_vacuumed_into_the_archive) {
  std::size_t removed = 0;
  for (int i = 0; i < 32; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_one("vacuum", std::chrono::milliseconds{400}));
    if (i % 4 != 3)
      continue;
    SCOPED_TRACE("after round " + std::to_string(round)
                 + ", LOCKSTEP_SEED=" + std::to_string(seed));
    {
      opened_devices devices{directory.path(), false};
      ASSERT_EQ(devices.problem(), "");
      auto& opened = devices.leader();
      ASSERT_NO_FATAL_FAILURE(use_library(opened));
      ASSERT_EQ(devices.wait_until_in_step(patience), "");
      const auto log = whole_log(opened, directory / "a");
      removed = log.size() - read_log(opened).size();
      ASSERT_NO_FATAL_FAILURE(check_log(log, true));
      ASSERT_NO_FATAL_FAILURE(check_acknowledged(log, told));
      check_table(opened, log);
      entries = log.size();
    }
    check_files(directory / "a");
  }
  EXPECT_GT(told.size(), 100U);
  EXPECT_GT(removed, 100U);
}

} // namespace lockstep
