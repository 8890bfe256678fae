#pragma once

#include "messages/numbers.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace lockstep {

/// How far a device is with the log of a library that it is new to. Until that
/// is over, the library's tables are not complete and cannot be read. Published
/// a few times a second, and once at the end.
struct first_sync_progress {
  /// Where the part of the log that is here ends.
  std::uint64_t entries = 0;
  /// Where the first sync ends; 0 while that is not known.
  std::uint64_t total = 0;
  /// Images that came since the library was opened here.
  std::uint64_t bytes = 0;
  /// At the pace so far; nothing while that cannot be told.
  std::optional<std::chrono::seconds> left = std::nullopt;
  bool finished = false;

  bool operator==(const first_sync_progress&) const = default;
};

/// Replication to library, during its first sync: where the log ended when it
/// was first heard of, and whether all up to there is here.
struct first_sync_target {
  sequence_number through;
  bool reached = false;

  bool operator==(const first_sync_target&) const = default;
};

} // namespace lockstep
