#pragma once

#include "messages/library_requests.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep {

/// Asks for an examination of a library's files. The library takes no writes
/// meanwhile.
struct check_library {};

/// What an examination found.
struct library_report {
  /// A sentence each, the first hundred; nothing is wrong when there are none.
  std::vector<std::string> problems;
  /// How many there are in all.
  std::uint64_t count = 0;
  library_digest digest;
};

} // namespace lockstep
