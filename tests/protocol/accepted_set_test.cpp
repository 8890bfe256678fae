#include "protocol/accepted_set.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>
#include <set>

namespace lockstep {

namespace {

device_id device(std::uint8_t number) {
  device_id id;
  id.bytes[15] = number;
  return id;
}

device_sequence_number number(std::uint64_t value) {
  return device_sequence_number{value};
}

accepted_range range(std::uint8_t of, std::uint64_t first, std::uint64_t last) {
  return {device(of), number(first), number(last)};
}

using ranges = std::vector<accepted_range>;
using number_set = std::set<std::pair<device_id, std::uint64_t>>;

/// What the ranges of a plain set of numbers are.
ranges ranges_of(const number_set& numbers) {
  ranges all;
  for (const auto& [of, value] : numbers) {
    if (!all.empty() && all.back().device == of
        && all.back().last + 1 == number(value))
      all.back().last = number(value);
    else
      all.push_back({of, number(value), number(value)});
  }
  return all;
}

std::uint64_t seed() {
  if (auto* given = std::getenv("LOCKSTEP_SEED"))
    return std::strtoull(given, nullptr, 10);
  return 20260101;
}

} // namespace

TEST(accepted_set, empty_set_holds_nothing) {
  accepted_set set;
  EXPECT_FALSE(set.contains(device(1), number(1)));
  EXPECT_FALSE(set.erase(device(1), number(1)));
  EXPECT_FALSE(set.last(device(1)));
  EXPECT_TRUE(set.ranges().empty());
  EXPECT_TRUE(set.ranges_of(device(1)).empty());
}

TEST(accepted_set, numbers_in_order_stay_one_range) {
  accepted_set set;
  for (std::uint64_t i = 1; i <= 100; ++i)
    EXPECT_TRUE(set.insert(device(1), number(i)));
  EXPECT_EQ(set.ranges(), (ranges{range(1, 1, 100)}));
  EXPECT_FALSE(set.insert(device(1), number(100)));
  EXPECT_EQ(set.last(device(1)), number(100));
}

TEST(accepted_set, gap_splits_and_filling_it_joins) {
  accepted_set set;
  set.insert(device(1), number(1));
  set.insert(device(1), number(3));
  EXPECT_EQ(set.ranges(), (ranges{range(1, 1, 1), range(1, 3, 3)}));
  EXPECT_TRUE(set.insert(device(1), number(2)));
  EXPECT_EQ(set.ranges(), (ranges{range(1, 1, 3)}));
}

TEST(accepted_set, erasing_cuts_at_either_end_and_within) {
  accepted_set set{{range(1, 1, 9)}};
  EXPECT_TRUE(set.erase(device(1), number(1)));
  EXPECT_TRUE(set.erase(device(1), number(9)));
  EXPECT_TRUE(set.erase(device(1), number(5)));
  EXPECT_FALSE(set.erase(device(1), number(5)));
  EXPECT_EQ(set.ranges(), (ranges{range(1, 2, 4), range(1, 6, 8)}));
  EXPECT_EQ(set.last(device(1)), number(8));
}

TEST(accepted_set, erased_last_number_leaves_no_device) {
  accepted_set set{{range(1, 4, 4)}};
  EXPECT_TRUE(set.erase(device(1), number(4)));
  EXPECT_TRUE(set.ranges().empty());
  EXPECT_FALSE(set.last(device(1)));
}

TEST(accepted_set, devices_do_not_mix) {
  accepted_set set{{range(2, 1, 3), range(1, 2, 4)}};
  EXPECT_TRUE(set.contains(device(2), number(1)));
  EXPECT_FALSE(set.contains(device(1), number(1)));
  EXPECT_EQ(set.ranges(), (ranges{range(1, 2, 4), range(2, 1, 3)}));
  EXPECT_EQ(set.ranges_of(device(2)), (ranges{range(2, 1, 3)}));
}

TEST(accepted_set, given_ranges_are_joined_where_they_overlap_or_touch) {
  accepted_set set{{range(1, 7, 9), range(1, 1, 3), range(1, 4, 5),
                    range(1, 2, 4), range(1, 8, 6)}};
  EXPECT_EQ(set.ranges(), (ranges{range(1, 1, 5), range(1, 7, 9)}));
}

TEST(accepted_set, largest_number_is_like_any_other) {
  auto top = std::numeric_limits<std::uint64_t>::max();
  accepted_set set;
  EXPECT_TRUE(set.insert(device(1), number(top)));
  EXPECT_FALSE(set.insert(device(1), number(top)));
  EXPECT_TRUE(set.insert(device(1), number(0)));
  EXPECT_EQ(set.ranges(), (ranges{range(1, 0, 0), range(1, top, top)}));
  EXPECT_TRUE(set.insert(device(1), number(top - 1)));
  EXPECT_TRUE(set.erase(device(1), number(top)));
  EXPECT_EQ(set.last(device(1)), number(top - 1));
}

TEST(accepted_set, behaves_like_a_set_of_numbers) {
  SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed()));
  std::mt19937_64 random{seed()};
  accepted_set set;
  number_set model;
  for (int step = 0; step < 20000; ++step) {
    auto of = device(static_cast<std::uint8_t>(random() % 3));
    auto value = random() % 40;
    if (random() % 2 == 0)
      ASSERT_EQ(set.insert(of, number(value)),
                model.insert({of, value}).second);
    else
      ASSERT_EQ(set.erase(of, number(value)), model.erase({of, value}) == 1);
    auto probe = random() % 42;
    ASSERT_EQ(set.contains(of, number(probe)), model.count({of, probe}) == 1);
    ASSERT_EQ(set.ranges(), ranges_of(model));
    ASSERT_EQ(accepted_set{set.ranges()}.ranges(), set.ranges());
  }
}

} // namespace lockstep
