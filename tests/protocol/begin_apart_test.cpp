#include "protocol/begin_apart.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

constexpr std::uint64_t leap = 1'000'000;

TEST(begin_apart, is_at_the_time_where_that_is_ahead) {
  EXPECT_EQ(begin_apart(1, 1'767'225'600, leap), 1'767'225'600U);
}

TEST(begin_apart, keeps_away_from_what_is_ahead_of_the_time) {
  EXPECT_GE(begin_apart(1'767'225'600, 1'767'225'600, leap),
            1'767'225'600U + leap);
  EXPECT_GE(begin_apart(1'800'000'000, 1'767'225'600, leap),
            1'800'000'000U + leap);
}

TEST(begin_apart, gives_two_lives_with_one_past_numbers_of_their_own) {
  const std::uint64_t known = 1'800'000'000;
  EXPECT_NE(begin_apart(known, 1'767'225'600, leap),
            begin_apart(known, 1'767'226'200, leap));
}

} // namespace
} // namespace lockstep
