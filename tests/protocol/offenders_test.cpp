#include "protocol/offenders.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

const time_point start = time_point{} + 1h;

TEST(offenders, wait_twice_as_long_each_time_up_to_a_limit) {
  offenders known{{1s, 10s, 8}};
  auto now = start;
  for (const auto wait : {1s, 2s, 4s, 8s, 10s, 10s}) {
    EXPECT_EQ(known.note("eve", now), wait);
    EXPECT_EQ(known.kept_out("eve", now), now + wait);
    EXPECT_TRUE(known.kept_out("eve", now + wait - 1ns));
    now += wait;
    EXPECT_FALSE(known.kept_out("eve", now));
  }
}

TEST(offenders, are_known_by_their_names_alone) {
  offenders known;
  known.note("eve", start);
  EXPECT_FALSE(known.kept_out("ann", start));
  EXPECT_EQ(known.note("ann", start), 1s);
}

TEST(offenders, have_a_clean_slate_after_a_while) {
  offenders known{{1s, 10s, 8}};
  known.note("eve", start);
  EXPECT_EQ(known.note("eve", start + 1s + 10s - 1ns), 2s);
  EXPECT_EQ(known.note("eve", start + 11s - 1ns + 2s + 10s), 1s);
}

TEST(offenders, can_be_forgiven) {
  offenders known;
  known.note("eve", start);
  known.forgive("eve");
  EXPECT_FALSE(known.kept_out("eve", start));
  EXPECT_EQ(known.note("eve", start), 1s);
  known.forgive("nobody");
}

TEST(offenders, stay_few_however_many_come) {
  offenders known{{1s, 1h, 16}};
  for (int i = 0; i < 5; ++i)
    known.note("eve", start);
  for (int i = 0; i < 10'000; ++i)
    known.note("stranger " + std::to_string(i), start + 1ms * i);
  EXPECT_EQ(known.size(), 16u);
  // Those who have the longest to wait are remembered longest.
  EXPECT_TRUE(known.kept_out("eve", start + 10s));
  EXPECT_TRUE(known.kept_out("stranger 9999", start + 10s));
  EXPECT_FALSE(known.kept_out("stranger 0", start));
}

TEST(offenders, that_are_over_make_room_first) {
  offenders known{{1s, 10s, 2}};
  known.note("old", start);
  known.note("older", start);
  known.note("new", start + 1min);
  EXPECT_EQ(known.size(), 1u);
}

} // namespace
} // namespace lockstep
