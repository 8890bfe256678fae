#include "persistence/forgotten_numbers.hpp"

#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

constexpr std::uint64_t far = std::uint64_t{1} << 31;

/// A device whose files say less than it has told others.
struct forgotten_numbers : testing::Test {
  forgotten_numbers() {
    leader.leads = true;
  }

  /// What it made in its earlier life comes to light.
  void hear_of(std::uint64_t number) {
    operation what;
    what.device = own.id;
    what.device_sequence = what.transaction_end
      = device_sequence_number{number};
    what.model = "memo";
    what.record = record_id{leader.id.bytes};
    what.record.bytes.back() = ++heard_;
    what.timestamp = timestamp::from(1'000, heard_);
    what.data = "{}";
    ASSERT_TRUE(leader.sequence({what}));
    ASSERT_TRUE(own.follow(leader));
  }

  std::uint64_t next() {
    return own.store->next_device_sequence().value;
  }

  library_device leader{1};
  library_device own{2};

private:
  std::uint8_t heard_ = 0;
};

} // namespace

TEST_F(forgotten_numbers, are_all_below_those_of_a_later_time) {
  hear_of(7);
  EXPECT_EQ(next(), 8U);
  ASSERT_TRUE(
    forget_numbers(*own.store, timestamp::from(1'767'225'600'000, 0)));
  const auto first = next();
  EXPECT_GT(first, 1'767'225'600'000U * 1'000);
  const auto claimed = claimed_before(*own.store);
  EXPECT_GT(claimed.value, 1'000'000'000U);
  own.reopen();
  EXPECT_EQ(next(), first);
  // A million operations in a second are not too many.
  hear_of(first + 1'000'000);
  ASSERT_TRUE(
    forget_numbers(*own.store, timestamp::from(1'767'225'601'000, 0)));
  EXPECT_GT(next(), first + 1'000'000);
}

TEST_F(forgotten_numbers, are_kept_away_from_where_the_clock_was_set_back) {
  ASSERT_TRUE(forget_numbers(*own.store, timestamp::from(2'000, 0)));
  const auto before = next();
  ASSERT_TRUE(forget_numbers(*own.store, timestamp::from(1'000, 0)));
  EXPECT_GT(next(), before + far);
  // Others may hold what came after this one.
  const auto known = next() + 10 * far;
  hear_of(known);
  EXPECT_GT(next(), known + far);
}

TEST_F(forgotten_numbers, are_others_each_time_that_one_copy_is_put_back) {
  const auto next_of_copy = [](std::uint64_t seconds) {
    library_device copied{2};
    EXPECT_TRUE(
      forget_numbers(*copied.store, timestamp::from(1'767'225'600'000, 0)));
    EXPECT_TRUE(
      forget_numbers(*copied.store, timestamp::from(seconds * 1'000, 0)));
    return copied.store->next_device_sequence().value;
  };
  const std::uint64_t made = 1'767'225'600;
  EXPECT_GT(next_of_copy(made + 1'200), next_of_copy(made + 600) + far / 4);
  // Where the clock is behind, too.
  EXPECT_GT(next_of_copy(made - 600), next_of_copy(made - 1'200) + far / 4);
}

TEST_F(forgotten_numbers, are_of_operations_that_no_later_one_is_taken_for) {
  for (auto* device : {&leader, &own}) {
    device->elsewhere(note_table);
    ASSERT_TRUE(device->track("note"));
  }
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  ASSERT_TRUE(own.follow(leader));
  // It had deleted the row, forgot that, and deletes it.
  ASSERT_TRUE(
    forget_numbers(*own.store, timestamp::from(1'767'225'600'000, 0)));
  const auto again = own.write("DELETE FROM note");
  ASSERT_TRUE(again && again->size() == 1);
  auto earlier = again->front();
  earlier.device_sequence = earlier.transaction_end = device_sequence_number{7};
  ASSERT_TRUE(leader.sequence({earlier}));
  ASSERT_TRUE(own.follow(leader));
  const auto left = own.pending();
  ASSERT_EQ(left.size(), 1U) << "its commit is still to get its place";
  EXPECT_EQ(left.front().device_sequence, again->front().device_sequence);
  ASSERT_TRUE(leader.sequence(left));
  ASSERT_TRUE(own.follow(leader));
  EXPECT_TRUE(own.pending().empty());
  EXPECT_TRUE(
    own.store->accepted.contains(own.id, again->front().device_sequence));
}

TEST_F(forgotten_numbers, are_of_one_operation_whose_time_was_corrected) {
  for (auto* device : {&leader, &own}) {
    device->elsewhere(note_table);
    ASSERT_TRUE(device->track("note"));
  }
  const auto waits = own.write(insert_note(1, "a"));
  ASSERT_TRUE(waits && waits->size() == 1);
  // An older copy: this operation is on its way in both lives, and the clock
  // was corrected in the one that it forgot.
  ASSERT_TRUE(
    forget_numbers(*own.store, timestamp::from(1'767'225'600'000, 0)));
  const auto later = own.write(insert_note(2, "b"));
  ASSERT_TRUE(later && later->size() == 1);
  auto moved = waits->front();
  moved.timestamp = timestamp::from(1'000, 0);
  ASSERT_TRUE(leader.sequence({moved}));
  ASSERT_TRUE(own.follow(leader));
  EXPECT_EQ(own.pending(), *later) << "its number has been told";
}

TEST_F(forgotten_numbers, are_none_of_a_device_that_lost_nothing) {
  hear_of(7);
  hear_of(8);
  EXPECT_EQ(next(), 9U);
  EXPECT_FALSE(*may_lack_numbers(*own.store, true)) << "it has applied some";
  EXPECT_TRUE(*may_lack_numbers(*library_device{3}.store, true));
  EXPECT_FALSE(*may_lack_numbers(*library_device{3}.store, false));
}

} // namespace lockstep
