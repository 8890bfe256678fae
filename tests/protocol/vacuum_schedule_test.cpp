#include "protocol/vacuum_schedule.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr timestamp at(std::uint64_t ms) {
  return timestamp::from(ms, 0);
}

const time_point start{100h};
const vacuum_bounds ten{sequence_number{10}, sequence_number{5}};
const vacuum_bounds eleven{sequence_number{11}, sequence_number{5}};

TEST(vacuum_schedule, looks_soon_and_vacuums_once_in_a_period) {
  vacuum_schedule it{24h};
  EXPECT_EQ(it.next_look(), duration{1h});
  EXPECT_TRUE(it.is_due(start, ten, at(5)));
  it.ended(start, ten, at(7));
  EXPECT_FALSE(it.is_due(start + 23h, eleven, at(9)));
  EXPECT_TRUE(it.is_due(start + 24h, eleven, at(9)));
}

TEST(vacuum_schedule, leaves_a_log_alone_where_nothing_can_have_become_old) {
  vacuum_schedule it{24h};
  it.ended(start, ten, at(7));
  EXPECT_FALSE(it.is_due(start + 1000h, ten, at(7)));
  EXPECT_TRUE(it.is_due(start + 1000h, ten, at(8)));
  EXPECT_TRUE(it.is_due(start + 1000h, eleven, at(1)));
  it.ended(start, ten, std::nullopt);
  EXPECT_FALSE(it.is_due(start + 1000h, ten, at(99)));
}

TEST(vacuum_schedule, comes_back_for_deletions_that_waited_for_a_member) {
  vacuum_schedule it{24h};
  it.ended(start, ten, std::nullopt);
  const vacuum_bounds heard{ten.through, ten.through};
  EXPECT_TRUE(it.is_due(start + 24h, heard, at(9)));
  it.ended(start + 24h, heard, std::nullopt);
  EXPECT_FALSE(it.is_due(start + 48h, heard, at(9)));
}

TEST(vacuum_schedule, waits_for_members_to_be_heard) {
  const vacuum_schedule it{24h};
  EXPECT_FALSE(it.is_due(start, {}, at(5)));
}

TEST(vacuum_schedule, never_comes_where_the_period_is_zero) {
  const vacuum_schedule it{0s};
  EXPECT_EQ(it.next_look(), std::nullopt);
  EXPECT_FALSE(it.is_due(start, ten, at(5)));
}

} // namespace
} // namespace lockstep
