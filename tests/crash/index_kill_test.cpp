#include "tests/crash/slow_kill.hpp"

#include <algorithm>
#include <fstream>
#include <set>

namespace lockstep {

namespace {

constexpr record_id location{{7}};

std::set<std::string> indexed_paths(library& of) {
  std::set<std::string> paths;
  // Before the first run there is no table.
  const auto made
    = of.query("SELECT 1 FROM sqlite_master WHERE name = 'entry'").get();
  EXPECT_TRUE(made) << made.error().message;
  if (!made || made->rows.empty())
    return paths;
  const auto rows = of.query("SELECT path FROM entry WHERE location = ?",
                             {to_string(location)})
                      .get();
  EXPECT_TRUE(rows) << rows.error().message;
  if (rows)
    for (const auto& row : rows->rows)
      paths.insert(std::get<std::string>(row[0]));
  return paths;
}

} // namespace

TEST_F(slow_kill, leaves_an_index_that_the_next_run_makes_whole) {
  std::set<std::string> files;
  for (int i = 0; i < 1'500; ++i) {
    const auto below = std::to_string(i % 10);
    std::filesystem::create_directories(folder / below);
    const auto path = below + "/" + std::to_string(i);
    std::ofstream{folder / path} << i;
    files.insert({below, path});
  }
  std::uint64_t finished = 0;
  for (int i = 0; i < 30; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_one("index", std::chrono::milliseconds{300}));
    if (i % 5 != 4)
      continue;
    opened_devices devices{directory.path(), false};
    ASSERT_EQ(devices.problem(), "");
    auto& opened = devices.leader();
    const auto left = indexed_paths(opened);
    EXPECT_TRUE(
      std::includes(files.begin(), files.end(), left.begin(), left.end()));
    const auto outcome = opened.index(location, folder.path().string()).get();
    ASSERT_TRUE(outcome) << outcome.error().message;
    ++finished;
    EXPECT_EQ(indexed_paths(opened), files);
    ASSERT_NO_FATAL_FAILURE(check(devices, false));
    const auto log = read_log(opened);
    const auto bulk = static_cast<std::uint64_t>(
      std::count_if(log.begin(), log.end(), [](const entry& what) {
        return what.change == change_type::bulk;
      }));
    EXPECT_GE(bulk, indexed + finished) << "lost the word of a finished index";
    EXPECT_LE(bulk, indexed + finished + static_cast<std::uint64_t>(round))
      << "told more than was done";
  }
  check_files(directory / "a");
}

} // namespace lockstep
