#include "protocol/hybrid_clock.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

wall_time at(std::int64_t unix_ms) {
  return wall_time{std::chrono::milliseconds{unix_ms}};
}

constexpr duration limit = std::chrono::seconds{10};

} // namespace

TEST(hybrid_clock, reads_the_wall_clock) {
  hybrid_clock clock{limit};
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(1'000, 0));
  EXPECT_EQ(clock.tick(at(1'005)), timestamp::from(1'005, 0));
}

TEST(hybrid_clock, counts_within_a_millisecond) {
  hybrid_clock clock{limit};
  clock.tick(at(1'000));
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(1'000, 1));
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(1'000, 2));
}

TEST(hybrid_clock, never_goes_back_with_the_wall_clock) {
  hybrid_clock clock{limit};
  clock.tick(at(5'000));
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(5'000, 1));
}

TEST(hybrid_clock, a_full_counter_carries_into_the_milliseconds) {
  hybrid_clock clock{limit};
  clock.observe(timestamp::from(1'000, 0xffff), at(1'000));
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(1'001, 0));
}

TEST(hybrid_clock, stays_ahead_of_what_it_has_seen) {
  hybrid_clock clock{limit};
  EXPECT_TRUE(clock.observe(timestamp::from(4'000, 7), at(1'000)));
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(4'000, 8));
}

TEST(hybrid_clock, an_older_reading_changes_nothing) {
  hybrid_clock clock{limit};
  clock.tick(at(2'000));
  EXPECT_TRUE(clock.observe(timestamp::from(1'000, 3), at(2'000)));
  EXPECT_EQ(clock.tick(at(2'000)), timestamp::from(2'000, 1));
}

TEST(hybrid_clock, the_bound_itself_is_not_too_far) {
  hybrid_clock clock{limit};
  EXPECT_TRUE(clock.observe(timestamp::from(11'000, 0), at(1'000)));
  EXPECT_FALSE(clock.observe(timestamp::from(11'000, 1), at(1'000)));
}

TEST(hybrid_clock, a_reading_too_far_ahead_counts_up_to_the_bound) {
  hybrid_clock clock{limit};
  EXPECT_FALSE(clock.observe(timestamp::from(900'000, 5), at(1'000)));
  EXPECT_EQ(clock.tick(at(1'000)), timestamp::from(11'000, 1));
}

TEST(hybrid_clock, a_wall_clock_before_1970_is_taken_as_1970) {
  hybrid_clock clock{limit};
  EXPECT_EQ(clock.tick(at(-5)), timestamp::from(0, 1));
}

} // namespace lockstep
