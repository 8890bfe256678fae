#include "tests/simulation/traffic.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

namespace lockstep::simulation {
namespace {

class measured_traffic : public ::testing::Test {
protected:
  measured_traffic() {
    if (!spdlog::get("lockstep"))
      spdlog::create<spdlog::sinks::null_sink_st>("lockstep");
  }

  options how;
};

TEST_F(measured_traffic, grows_with_the_members) {
  const auto all = measure_traffic(how, {}, {2, 4});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].devices, 2U);
  EXPECT_EQ(all[1].devices, 4U);
  for (const auto part : {&traffic::commit_of_leader,
                          &traffic::commit_of_another, &traffic::batch}) {
    const auto& few = all[0].*part;
    const auto& more = all[1].*part;
    EXPECT_GT(few.messages, 0);
    // Three others instead of one.
    EXPECT_GT(more.messages, few.messages);
    EXPECT_LE(more.messages, 3.5 * few.messages);
    EXPECT_LE(more.bytes, 3.5 * few.bytes);
    EXPECT_LE(more.bytes_of_busiest, more.bytes);
  }
  // Each heartbeat is answered to everybody; no device has more to do than that
  // makes for one.
  for (const auto& one : all) {
    const auto others = static_cast<double>(one.devices - 1);
    EXPECT_NEAR(one.hour_of_rest.messages, 120 * others * (others + 1),
                5 * others * (others + 1));
    EXPECT_LE(one.hour_of_rest.messages_of_busiest, 250 * others);
  }
  // A heartbeat each 30 s, and its answer.
  EXPECT_NEAR(all[0].hour_of_rest.kinds.at("heartbeat"), 120, 2);
  // What is committed travels.
  EXPECT_GE(all[0].batch.bytes, 1'000 * 80);
}

TEST_F(measured_traffic, is_the_same_each_time) {
  EXPECT_EQ(json_of(measure_traffic(how, {}, {2})),
            json_of(measure_traffic(how, {}, {2})));
}

TEST(sizes_in_a_range, are_those_of_the_table) {
  EXPECT_EQ(sizes_in({2, 10}), (std::vector<std::size_t>{2, 5, 10}));
  EXPECT_EQ(sizes_in({100, 100}), (std::vector<std::size_t>{100}));
  EXPECT_TRUE(sizes_in({3, 4}).empty());
}

} // namespace
} // namespace lockstep::simulation
