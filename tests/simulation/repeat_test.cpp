#include "tests/simulation/one_run.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace lockstep::simulation {
namespace {

/// A run with everything that can go wrong, and all that it says.
std::string trace_of(std::uint64_t seed) {
  // What breaks is to be logged, and not to be read here.
  if (!spdlog::get("lockstep"))
    spdlog::create<spdlog::sinks::null_sink_st>("lockstep");
  options how;
  how.faults = *parse_faults("all", how.consistency);
  std::ostringstream trace;
  const auto result = run_seed(seed, how, &trace);
  trace << result.why << result.digest;
  for (const auto& [name, times] : result.counts)
    trace << "\n" << name << " " << times;
  return trace.str();
}

class repeated_run : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(repeated_run, is_the_same_byte_for_byte) {
  const auto first = trace_of(GetParam());
  EXPECT_GT(first.size(), 50'000U);
  // EXPECT_EQ would print both.
  EXPECT_TRUE(first == trace_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(seeds, repeated_run, ::testing::Values(1, 5));

TEST(different_seeds, make_different_runs) {
  EXPECT_TRUE(trace_of(1) != trace_of(2));
}

} // namespace
} // namespace lockstep::simulation
