#pragma once

#include <cstdint>

namespace lockstep {

/// Reading and keeping a library's log.
struct log_settings {
  /// Entries that `fetch_since` returns when no limit is given.
  std::uint32_t fetch_default = 100;
  /// The most that one `fetch_since` or `fetch_range` returns.
  std::uint32_t fetch_most = 1000;
  /// Whether the images of new entries are kept compressed in sync.db. Those
  /// that are there stay as they are, and can be read whatever this says.
  bool compression = false;
  /// Of how many of a log's newest entries a dictionary is made for that; a
  /// shorter log is not compressed.
  std::uint32_t dictionary_samples = 500;
};

} // namespace lockstep
