#include "protocol/library_clock.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

using namespace std::chrono_literals;
using reading = library_clock::reading;

constexpr duration limit = 5min;

wall_time at(std::chrono::milliseconds since) {
  return wall_time{since};
}

/// A machine that was started at 1000 h.
reading after(std::chrono::milliseconds uptime,
              std::chrono::milliseconds set_by = 0ms) {
  return {at(1'000h + uptime + set_by), uptime};
}

} // namespace

TEST(library_clock, is_the_wall_clock_while_nobody_says_otherwise) {
  library_clock clock{limit, {}};
  EXPECT_EQ(clock.at(after(1s)), at(1'000h + 1s));
  EXPECT_EQ(
    clock.tick(after(2s)).unix_ms(),
    static_cast<std::uint64_t>(std::chrono::milliseconds{1'000h + 2s}.count()));
}

TEST(library_clock, follows_the_leader) {
  library_clock clock{limit, {}};
  EXPECT_EQ(clock.behind(at(1'003h), after(0s), true), 3h);
  clock.move(3h);
  EXPECT_EQ(clock.at(after(1s)), at(1'003h + 1s));
  EXPECT_EQ(clock.correction(), 3h);
  EXPECT_EQ(clock.behind(at(1'003h + 1s), after(0s), true), 0s)
    << "near enough";
}

TEST(library_clock, goes_back_with_the_leader) {
  library_clock clock{limit, {}};
  clock.tick(after(1s));
  clock.move(-3h);
  EXPECT_LT(clock.tick(after(2s)), timestamp::from(998ULL * 3'600'000, 0));
}

TEST(library_clock, stays_behind_what_others_have_seen_of_it) {
  library_clock clock{limit, {}};
  const auto seen = timestamp::from(1'000ULL * 3'600'000 + 60'000, 0);
  clock.observe(seen, after(1s));
  clock.move(-3h);
  EXPECT_GT(clock.tick(after(2s)), seen);
}

TEST(library_clock, of_a_follower_does_not_notice_a_wall_clock_that_is_set) {
  library_clock clock{limit, {}};
  clock.at(after(1s));
  EXPECT_EQ(clock.at(after(2s, -3h)), at(1'000h + 2s));
  EXPECT_EQ(clock.at(after(3s, -3h)), at(1'000h + 3s));
  EXPECT_EQ(clock.at(after(4s, 48h)), at(1'000h + 4s));
}

TEST(library_clock, of_a_sleeping_machine_goes_on) {
  library_clock clock{limit, {}};
  clock.at(after(1s));
  EXPECT_EQ(clock.at(after(9h)), at(1'009h));
}

TEST(library_clock, of_a_leader_follows_its_wall_clock) {
  library_clock clock{limit, {}};
  clock.set_leads(true);
  clock.at(after(1s));
  EXPECT_EQ(clock.at(after(2s, 48h)), at(1'048h + 2s));
}

TEST(library_clock, does_not_take_a_late_message_for_a_leader_that_is_behind) {
  library_clock clock{limit, {}};
  EXPECT_FALSE(clock.behind(at(1'000h + 4s), after(10s), false));
  EXPECT_FALSE(clock.behind(at(1'000h + 5s), after(11s), false));
  EXPECT_FALSE(clock.behind(at(1'000h + 6s), after(12s), false));
  // One in time says that nothing is wrong.
  EXPECT_EQ(clock.behind(at(1'000h + 69s), after(70s), false), 0s);
  EXPECT_FALSE(clock.behind(at(1'000h + 64s), after(75s), false));
  EXPECT_FALSE(clock.behind(at(1'000h + 130s), after(134s), false));
}

TEST(library_clock, believes_a_leader_that_is_behind_for_long) {
  library_clock clock{limit, {}};
  EXPECT_FALSE(clock.behind(at(999h), after(0s), false));
  EXPECT_FALSE(clock.behind(at(999h + 30s), after(30s), false));
  // The one that waited least is nearest to the truth.
  EXPECT_EQ(clock.behind(at(999h + 60s), after(63s), false), -1h);
  clock.move(-1h);
  EXPECT_EQ(clock.behind(at(999h + 90s), after(90s), false), 0s);
}

TEST(library_clock, believes_at_once_that_it_is_behind) {
  library_clock clock{limit, {}};
  EXPECT_EQ(clock.behind(at(1'000h + 1h), after(0s), false), 1h);
}

TEST(library_clock, believes_the_first_word_of_a_session) {
  library_clock clock{limit, {}};
  EXPECT_EQ(clock.behind(at(999h), after(0s), true), -1h);
}

TEST(library_clock, of_a_new_leader_carries_on_the_time_of_the_old_one) {
  library_clock clock{limit, -3h};
  clock.set_leads(true);
  EXPECT_EQ(clock.at(after(1s)), at(997h + 1s));
  EXPECT_EQ(clock.at(after(2s, -3h)), at(997h + 2s)) << "set right";
  EXPECT_EQ(clock.correction(), 0s);
}

} // namespace lockstep
