#include "tests/crash/slow_kill.hpp"

namespace lockstep {

using std::chrono::milliseconds;

TEST_F(slow_kill, loses_nothing_that_a_leader_acknowledged) {
  for (int i = 0; i < 32; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_one("lead", milliseconds{300}));
    if (i % 4 == 3) {
      ASSERT_NO_FATAL_FAILURE(check(false));
    }
  }
  EXPECT_GT(told.size(), 100U);
}

TEST_F(slow_kill, loses_nothing_and_applies_nothing_twice_among_two_devices) {
  for (int i = 0; i < 33; ++i) {
    ASSERT_NO_FATAL_FAILURE(kill_one("follow", milliseconds{400}));
    if (i % 3 == 2) {
      ASSERT_NO_FATAL_FAILURE(check(true));
    }
  }
  EXPECT_GT(told.size(), 100U);
  EXPECT_GT(conflicts, 0U);
}

} // namespace lockstep
