#include "protocol/first_sync.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

constexpr time_point start{1h};

sequence_number at(std::uint64_t number) {
  return sequence_number{number};
}

TEST(first_sync, is_over_unless_it_began) {
  first_sync none;
  EXPECT_FALSE(none.under_way());
  EXPECT_TRUE(none.progress().finished);
  EXPECT_FALSE(none.tells(start));
}

TEST(first_sync, is_complete_once_all_that_there_was_is_applied) {
  auto sync = first_sync::from({});
  EXPECT_TRUE(sync.under_way());
  EXPECT_FALSE(sync.is_complete(at(1'000)));
  sync.on_target({at(500), false});
  EXPECT_FALSE(sync.is_complete(at(1'000)));
  sync.on_target({at(500), true});
  // In the log, and not in the tables yet.
  EXPECT_FALSE(sync.is_complete(at(499)));
  EXPECT_TRUE(sync.is_complete(at(500)));
  sync.finish(at(500));
  EXPECT_FALSE(sync.under_way());
  EXPECT_TRUE(sync.progress().finished);
}

TEST(first_sync, tells_entries_bytes_and_the_time_left) {
  auto sync = first_sync::from(at(100));
  EXPECT_EQ(sync.progress(), (first_sync_progress{100, 0, 0, {}, false}));
  sync.on_target({at(1'100), false});
  EXPECT_EQ(sync.progress().total, 1'100U);
  EXPECT_FALSE(sync.progress().left);
  // The first batch says nothing about the pace: it was asked for before.
  sync.on_applied(at(200), 5'000, start);
  EXPECT_FALSE(sync.progress().left);
  sync.on_applied(at(400), 7'000, start + 2s);
  EXPECT_EQ(sync.progress(), (first_sync_progress{400, 1'100, 12'000, 7s}));
}

TEST(first_sync, goes_on_after_the_log_was_cut) {
  auto sync = first_sync::from({});
  sync.on_target({at(50), false});
  sync.on_applied(at(40), 1, start);
  sync.on_applied(at(10), 1, start + 1s);
  EXPECT_FALSE(sync.progress().left);
  EXPECT_EQ(sync.progress().entries, 10U);
}

TEST(first_sync, tells_now_and_then) {
  auto sync = first_sync::from({});
  EXPECT_TRUE(sync.tells(start));
  EXPECT_FALSE(sync.tells(start + 100ms));
  EXPECT_TRUE(sync.tells(start + 250ms));
}

} // namespace
} // namespace lockstep
