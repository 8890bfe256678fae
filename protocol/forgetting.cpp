#include "protocol/forgetting.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>

namespace lockstep {

namespace {

/// XXH64 of both numbers, as eight bytes each, little end first.
std::uint64_t hash_of(std::uint64_t first, std::uint64_t second) {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(first >> (8 * i));
    bytes[8 + i] = static_cast<unsigned char>(second >> (8 * i));
  }
  return XXH64(bytes.data(), bytes.size(), 0);
}

} // namespace

forgotten_deletions forget(forgotten_deletions before,
                           const log_head& deletion) {
  const auto at = deletion.position.sequence;
  before.through = std::max(before.through, at);
  // A sum, since logs may forget the same ones in different orders.
  before.digest += hash_of(at.value, deletion.chain);
  return before;
}

forgotten_deletions continued_alone(const forgotten_deletions& own,
                                    sequence_number end) {
  if (!(end < own.through))
    return own;
  return {end, hash_of(own.digest, end.value)};
}

std::optional<forgotten_deletions>
continued_with(const forgotten_deletions& own, sequence_number end,
               const forgotten_deletions& from) {
  if (!end)
    return from;
  if (own.digest == from.digest)
    return own;
  if (end < from.through)
    return std::nullopt;
  return continued_alone(own, end);
}

forgotten_deletions unknown_deletions(const log_head& end) {
  return {end.position.sequence,
          hash_of(end.position.sequence.value, ~end.chain)};
}

} // namespace lockstep
