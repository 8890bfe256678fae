#include "protocol/replication_context.hpp"

#include "protocol/backoff.hpp"

namespace lockstep {

namespace {

/// Sebastiano Vigna's splitmix64.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  auto z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

} // namespace

duration replication_context::backoff(std::uint32_t attempts) {
  const auto wait
    = doubling_wait(settings.retry_first, attempts, settings.retry_most);
  auto percent = 75 + static_cast<std::int64_t>(next_random(random_state) % 51);
  return wait / 100 * percent;
}

duration travel_time(std::size_t size) {
  // Whole steps of 256 KiB, a second each: what is small takes no time.
  return std::chrono::seconds{size >> 18};
}

} // namespace lockstep
