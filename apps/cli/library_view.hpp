#pragma once

#include "apps/cli/progress_bar.hpp"
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

/// `incomplete` while the library's first sync has not finished.
expected<void> expect_complete(library& of);

/// What is applied here of what the leader has.
void show_progress(progress_bar& bar, const library_view& now);

expected<library_view> view_of(library& of);

} // namespace lockstep::cli
