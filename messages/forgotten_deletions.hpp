#pragma once

#include "messages/numbers.hpp"

#include <cstdint>

namespace lockstep {

/// Deletions that a log held once and holds no more, with what they deleted.
struct forgotten_deletions {
  /// None of them stood after this.
  sequence_number through;
  /// Equal in two logs that have forgotten the same ones.
  std::uint64_t digest = 0;

  bool operator==(const forgotten_deletions&) const = default;
};

} // namespace lockstep
