#include "protocol/allowance.hpp"
#include "protocol/announcement_times.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

const time_point start = time_point{} + 1h;

/// Says it as often as it is due until then; how often that was.
int say_until(announcement_times& times, time_point end) {
  int said = 0;
  for (; times.next() <= end; ++said)
    times.said(times.next());
  return said;
}

TEST(announcement_times, are_at_the_start_and_once_more) {
  announcement_times times{30s, 1, start};
  EXPECT_EQ(times.next(), start);
  EXPECT_EQ(say_until(times, start + 2s), 2);
}

TEST(announcement_times, are_about_every_period) {
  announcement_times times{30s, 1, start};
  say_until(times, start + 2s);
  auto last = start + 1s;
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(times.next() - last, 22'500ms);
    EXPECT_LE(times.next() - last, 30s);
    last = times.next();
    times.said(last);
  }
}

TEST(announcement_times, differ_between_devices) {
  announcement_times one{30s, 1, start};
  announcement_times other{30s, 2, start};
  say_until(one, start + 2s);
  say_until(other, start + 2s);
  EXPECT_NE(one.next(), other.next());
}

TEST(announcement_times, are_soon_after_a_change_and_once_more) {
  announcement_times times{30s, 1, start};
  say_until(times, start + 2s);
  times.changed(start + 3s);
  EXPECT_EQ(times.next(), start + 3s + announcement_times::settling);
  EXPECT_EQ(say_until(times, start + 6s), 2);
}

TEST(announcement_times, are_few_however_often_addresses_change) {
  announcement_times times{30s, 1, start};
  say_until(times, start + 2s);
  int said = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto now = start + 3s + 10ms * i;
    times.changed(now);
    said += say_until(times, now);
  }
  // Ten seconds of it: it is said meanwhile, and not more than twice a second.
  EXPECT_GE(said, 10);
  EXPECT_LE(said, 20);
}

TEST(announcement_times, keep_to_a_short_period) {
  announcement_times times{100ms, 1, start};
  EXPECT_GE(say_until(times, start + 1s), 10);
}

TEST(allowance, is_so_many_in_so_much_time) {
  allowance allowed{3, 1s};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(allowed.next(start), start);
    allowed.take(start);
  }
  EXPECT_EQ(allowed.next(start), start + 1s);
  EXPECT_EQ(allowed.next(start + 999ms), start + 1s);
  EXPECT_EQ(allowed.next(start + 1s), start + 1s);
  allowed.take(start + 1s);
  EXPECT_EQ(allowed.next(start + 1s), start + 1s);
}

} // namespace
} // namespace lockstep
