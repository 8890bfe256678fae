#pragma once

#include "apps/embedded/library.hpp"

namespace lockstep::cli {

/// How a library stands here, and how far the others are.
struct library_view {
  library_status status;
  replication_view replication;

  /// All that the leader was last heard to have is applied here.
  [[nodiscard]] bool holds_all() const;
  /// Entries that the leader has, 0 where that is not known.
  [[nodiscard]] std::uint64_t leader_entries() const;
};

expected<library_view> view_of(library& of);

} // namespace lockstep::cli
