#include "persistence/record_filter.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>

namespace lockstep {

namespace {

/// With four million records, one in twenty is taken for one of them.
constexpr std::uint64_t bit_count = std::uint64_t{1} << 25;

std::array<std::uint64_t, 2> bits_of(std::int64_t model, record_id record) {
  const auto hash = XXH64(record.bytes.data(), record.bytes.size(),
                          static_cast<std::uint64_t>(model));
  return {hash % bit_count, (hash >> 32) % bit_count};
}

} // namespace

void record_filter::add(std::int64_t model, record_id record) {
  bits_.resize(bit_count);
  for (const auto bit : bits_of(model, record))
    bits_[bit] = true;
}

bool record_filter::may_hold(std::int64_t model, record_id record) const {
  return !bits_.empty()
         && std::ranges::all_of(
           bits_of(model, record),
           [this](std::uint64_t bit) { return bits_[bit]; });
}

} // namespace lockstep
