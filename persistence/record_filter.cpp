#include "persistence/record_filter.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>

namespace lockstep {

namespace {

constexpr std::uint64_t bits_least = 1'024;
constexpr std::uint64_t bits_most = std::uint64_t{1} << 26;

/// Two places; there is a power of two of them.
std::array<std::uint64_t, 2> places_of(std::int64_t model, record_id record,
                                       std::uint64_t seed,
                                       std::uint64_t count) {
  const auto hash = XXH64(record.bytes.data(), record.bytes.size(),
                          seed + static_cast<std::uint64_t>(model));
  return {hash & (count - 1), (hash >> 32) & (count - 1)};
}

} // namespace

record_filter::record_filter(std::uint64_t count, std::uint64_t seed)
  : seed_(seed),
    bits_(std::bit_ceil(std::clamp(8 * count, bits_least, bits_most))) {
}

void record_filter::add(std::int64_t model, record_id record) {
  for (const auto place : places_of(model, record, seed_, bits_.size()))
    bits_[place] = true;
}

bool record_filter::may_hold(std::int64_t model, record_id record) const {
  return std::ranges::all_of(
    places_of(model, record, seed_, bits_.size()),
    [this](std::uint64_t place) { return bits_[place]; });
}

} // namespace lockstep
