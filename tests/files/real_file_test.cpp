#include "tests/files/real_file.hpp"

#include <cstdlib>

namespace lockstep {
namespace {

const std::filesystem::path samples{LOCKSTEP_SAMPLES};

class small_real_file : public real_file,
                        public testing::WithParamInterface<const char*> {};

TEST_P(small_real_file, is_equal_on_three_devices_whoever_edits_it) {
  if (!std::filesystem::exists(samples / GetParam()))
    GTEST_SKIP() << GetParam() << " could not be fetched";
  ASSERT_NO_FATAL_FAILURE(begin(samples / GetParam()));
  ASSERT_FALSE(tracked.empty());
  expect_equal();
  edit(0, change_some(11, 3));
  edit(1, remove_some(23, 5));
  edit(2, change_some(7, 2));
  edit(1, change_some(5, 1));
  expect_equal();
}

INSTANTIATE_TEST_SUITE_P(
  debian, small_real_file,
  testing::Values("usr/share/birdfont/codepages.sqlite",
                  "usr/share/birdfont/ucd.sqlite",
                  "usr/lib/python3/dist-packages/stem/cached_manual.sqlite",
                  "usr/share/pychess/learn/puzzles/mate_in_3.sqlite",
                  "usr/share/pychess/eco.db", "usr/share/proj/proj.db"));

class large_real_file : public real_file {};

/// Not in every run, as it takes long: a file beyond 100 MB is named by
/// LOCKSTEP_LARGE_FILE.
TEST_F(large_real_file, slow_is_equal_on_three_devices_whoever_edits_it) {
  const char* file = std::getenv("LOCKSTEP_LARGE_FILE");
  if (file == nullptr)
    GTEST_SKIP() << "LOCKSTEP_LARGE_FILE names no file";
  ASSERT_NO_FATAL_FAILURE(begin(file));
  ASSERT_FALSE(tracked.empty());
  expect_equal();
  edit(0, change_some(101, 3));
  edit(1, remove_some(1009, 5));
  edit(2, change_some(503, 2));
  expect_equal();
}

} // namespace
} // namespace lockstep
