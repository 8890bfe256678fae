#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

namespace lockstep {

/// Runs with each seed from 1 to `last` until one fails. LOCKSTEP_SEED=n runs
/// that one alone; with LOCKSTEP_LAST_SEED, all from it to that one.
inline void for_each_seed(std::uint64_t last,
                          const std::function<void(std::uint64_t)>& run) {
  std::uint64_t first = 1;
  if (const char* given = std::getenv("LOCKSTEP_SEED"))
    first = last = std::strtoull(given, nullptr, 10);
  if (const char* given = std::getenv("LOCKSTEP_LAST_SEED"))
    last = std::strtoull(given, nullptr, 10);
  for (auto seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
    run(seed);
    if (testing::Test::HasFailure())
      return;
  }
}

} // namespace lockstep
