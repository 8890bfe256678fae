#include "tests/simulation/leadership_times.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

namespace lockstep::simulation {
namespace {

using namespace std::chrono_literals;

class leadership_times : public ::testing::Test {
protected:
  leadership_times() {
    if (!spdlog::get("lockstep"))
      spdlog::create<spdlog::sinks::null_sink_st>("lockstep");
    how.seeds = {1, 8};
    how.devices = {2, 4};
  }

  options how;
  settings limits;
};

TEST_F(leadership_times, are_what_the_settings_promise) {
  const auto all = measure_leadership(how, limits);
  ASSERT_EQ(all.size(), 3U);
  const auto& rules = limits.leadership;
  for (const auto& one : all)
    ASSERT_EQ(one.times.size(), 8U);
  // The others heard it within a heartbeat before it died. A second claim may
  // be needed where two ask at once.
  EXPECT_GE(all[0].times.front(), rules.timeout - rules.heartbeat);
  EXPECT_LE(all[0].times.back(), rules.timeout + 4 * rules.election_window);
  // And what the messages take.
  EXPECT_LE(all[1].times.back(), rules.election_window + 100ms);
  EXPECT_LE(all[2].times.back(), 2 * rules.heartbeat);
}

TEST_F(leadership_times, follow_the_settings) {
  limits.leadership.heartbeat = 1s;
  limits.leadership.timeout = 2s;
  limits.leadership.lease = 3s;
  const auto all = measure_leadership(how, limits);
  EXPECT_GE(all[0].times.front(), 1s);
  EXPECT_LE(all[0].times.back(), 15s);
}

TEST_F(leadership_times, are_the_same_each_time) {
  how.seeds = {3, 4};
  EXPECT_EQ(json_of(measure_leadership(how, limits)),
            json_of(measure_leadership(how, limits)));
}

TEST_F(leadership_times, are_told_by_rank) {
  waiting_times some{"a", {}};
  for (int i = 1; i <= 200; ++i)
    some.times.emplace_back(i);
  EXPECT_EQ(some.percentile(50), 100s);
  EXPECT_EQ(some.percentile(99), 198s);
  EXPECT_EQ(some.percentile(100), 200s);
}

} // namespace
} // namespace lockstep::simulation
