#include "protocol/member_silence.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using silent_list = std::set<device_id>;

constexpr auto limit = 90 * 24h;
constexpr auto day = 24h;

device_id device(std::uint8_t number) {
  device_id made;
  made.bytes.fill(number);
  return made;
}

const device_id own = device(1);
const device_id bert = device(2);
const device_id carl = device(3);

/// A device that runs now and then.
struct running {
  explicit running(const std::vector<member_progress>& kept = {},
                   wall_time wall = wall_time{} + 1'000'000h)
    : now(wall), silence(own, limit, kept, wall, 5h) {
    silence.set_members({bert, carl});
  }

  void pass(std::chrono::milliseconds time, const silent_list& connected = {}) {
    uptime += time;
    now += time;
    silence.pass(uptime, connected);
  }

  wall_time now;
  std::chrono::milliseconds uptime = 5h;
  member_silence silence;
};

TEST(member_silence, whoever_is_not_heard_for_long_is_stale) {
  running it;
  it.pass(limit);
  EXPECT_EQ(it.silence.stale(), silent_list{});
  it.pass(1h);
  EXPECT_EQ(it.silence.stale(), (silent_list{bert, carl}));
}

TEST(member_silence, a_word_or_a_connection_is_enough) {
  running it;
  it.pass(limit - 1h, {carl});
  it.silence.hear(bert);
  it.pass(2h, {carl});
  EXPECT_EQ(it.silence.stale(), silent_list{});
  it.pass(limit - 1h);
  EXPECT_EQ(it.silence.stale(), silent_list{bert});
  EXPECT_TRUE(it.silence.hear(bert));
  EXPECT_FALSE(it.silence.hear(bert));
  EXPECT_EQ(it.silence.stale(), silent_list{});
}

TEST(member_silence, time_between_runs_counts_by_the_wall_clock) {
  running it;
  it.pass(40 * day, {carl});
  running next{it.silence.to_keep(it.now), it.now + 10 * day};
  next.pass(39 * day, {carl});
  EXPECT_EQ(next.silence.stale(), silent_list{});
  next.pass(2 * day, {carl});
  EXPECT_EQ(next.silence.stale(), silent_list{bert});
}

TEST(member_silence, a_clock_that_jumps_makes_nobody_stale) {
  running it;
  it.pass(10 * day);
  const auto kept = it.silence.to_keep(it.now);
  // By years, at one start after the other, without anything being heard.
  running ahead{kept, it.now + 10 * 365 * day};
  EXPECT_EQ(ahead.silence.stale(), silent_list{});
  running back{kept, it.now - 10 * 365 * day};
  back.pass(1h);
  EXPECT_EQ(back.silence.stale(), silent_list{});
  // And while it runs, only the uptime counts.
  ahead.now += 10 * 365 * day;
  ahead.pass(50 * day, {bert});
  EXPECT_EQ(ahead.silence.stale(), silent_list{});
  running last{ahead.silence.to_keep(ahead.now), ahead.now + 1h};
  last.pass(10 * day);
  EXPECT_EQ(last.silence.stale(), silent_list{carl});
}

TEST(member_silence, is_written_down_only_where_there_is_something_to_say) {
  running it;
  it.pass(1h, {bert, carl});
  EXPECT_TRUE(it.silence.to_keep(it.now).empty());
  it.pass(1h, {bert});
  EXPECT_EQ(it.silence.to_keep(it.now).size(), 3U);
  it.pass(1h, {bert, carl});
  // That it is over, too.
  EXPECT_EQ(it.silence.to_keep(it.now).size(), 3U);
  EXPECT_TRUE(it.silence.to_keep(it.now).empty());
}

TEST(member_silence, who_is_no_member_does_not_count) {
  running it;
  it.pass(limit + 1h);
  it.silence.set_members({carl});
  EXPECT_EQ(it.silence.stale(), silent_list{carl});
  // Whoever comes back begins anew.
  it.silence.set_members({bert, carl});
  EXPECT_EQ(it.silence.stale(), silent_list{carl});
}

} // namespace
} // namespace lockstep
