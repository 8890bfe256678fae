#pragma once

#include "messages/ids.hpp"
#include "messages/numbers.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// How a file was found.
enum class file_state : std::uint8_t { whole = 0, damaged = 1, missing = 2 };

/// "whole", "damaged" or "missing".
std::string_view to_string(file_state state);

struct repaired_file {
  std::string path;
  file_state found = file_state::whole;
  /// What was wrong with it, in words; empty for a whole one, but where that is
  /// not what the log says and would not be so if it were made anew.
  std::string why;
  /// Where it is now; empty where it stayed.
  std::string kept_as;
};

/// What a repair found and did.
struct library_repair {
  repaired_file log;
  repaired_file database;
  /// Where the log ended as far as the tables knew, and where it ends now.
  sequence_number known;
  sequence_number held;
  /// Records that only the tables hold now: members send what is newer, the
  /// rest is written anew.
  std::uint64_t unlogged = 0;
  /// Operations that still wait for their place in the log.
  std::uint64_t pending = 0;
  /// Tracked tables that were made anew from the log.
  std::vector<std::string> rebuilt;
  /// What could not be saved, a sentence each.
  std::vector<std::string> lost;
  /// Whether the tables were compared with the log: not where it, or a part of
  /// it, is still to come.
  bool compared = false;
  /// Whether the library cannot be read before another member was met.
  bool needs_members = false;

  [[nodiscard]] bool did_anything() const {
    return log.found != file_state::whole || database.found != file_state::whole
           || held < known;
  }
};

} // namespace lockstep
