#pragma once

#include "config/settings.hpp"
#include "messages/errors.hpp"

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// What can go wrong.
enum class fault : std::uint8_t {
  drop,        ///< The network loses messages.
  delay,       ///< Messages take long, and overtake each other.
  duplicate,   ///< Messages come twice.
  cut,         ///< Two devices do not hear each other.
  one_way,     ///< One device is not heard by another.
  partition,   ///< The devices fall into groups.
  reset,       ///< A connection breaks and comes back.
  slow,        ///< What one device says to another takes long.
  crash,       ///< A device's process or machine dies at some message.
  power,       ///< The machine dies at a write or flush of its disk.
  pause,       ///< A closed lid: nothing runs while time goes on.
  skew,        ///< A wall clock jumps, by seconds to days, also back.
  join,        ///< A new member comes in the middle.
  remove,      ///< A member's membership ends in the middle.
  disk_full,   ///< Files cannot grow.
  io_error,    ///< Reads and writes of the disk fail.
  close,       ///< A device leaves in order and hands over.
  lost_log,    ///< sync.db is deleted; the device joins the library again.
  lost_tables, ///< database.db is deleted; the application makes its tables.
  old_copy,    ///< A device comes back with the disk that it had earlier.
  bit_flip,    ///< A bit of a file changes by itself; its owner mends that.
  vacuum,      ///< A device vacuums its log.
};

std::string_view to_string(fault what);
const std::vector<fault>& all_faults();

/// What people and programs do.
enum class workload : std::uint8_t {
  mixed,     ///< A little of everything.
  conflicts, ///< All change the same hundred records; see page_edits.hpp.
};

std::string_view to_string(workload what);

/// Parts of the product that can be broken on purpose; see sabotage.hpp.
enum class flaw {
  none,
  fencing,      ///< A leader goes on, whatever newer ballot it hears of.
  exactly_once, ///< A restart forgets which operations the log holds.
  watermark,    ///< The watermark is written before what it speaks of.
  rebase,       ///< An operation of a log that is cut gets lost.
  vote,         ///< A restart forgets ballot and vote.
  notes,        ///< A restart forgets what other programs wrote.
  flush,        ///< Nothing is ever flushed to the disk.
  members,      ///< The gateway lets everybody in.
  conflicts,    ///< Now and then a conflict is forgotten.
  majority,     ///< A leader takes itself for a majority.
};

/// "none" or the flaw of this name.
expected<flaw> parse_flaw(const std::string& text);
std::string_view to_string(flaw what);

struct number_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// The defaults, but for logs that are vacuumed in minutes.
inline settings small_logs() {
  settings all;
  all.vacuum.keep = std::chrono::minutes{5};
  all.vacuum.period = std::chrono::minutes{10};
  return all;
}

/// What runs; see docs/simulation.md.
struct options {
  number_range seeds{1, 100};
  number_range devices{2, 5};
  double hours = 2;
  std::set<fault> faults;
  workload work = workload::mixed;
  /// Settings of all devices, "concern.field=value"; beside these, logs are
  /// vacuumed while a run lasts.
  std::vector<std::string> set;
  settings limits = small_logs();
  /// Of all devices.
  lockstep::consistency consistency = consistency::available;
  flaw broken = flaw::none;
  unsigned jobs = 1;
  bool json = false;
  /// Prints every step.
  bool trace = false;
  /// Fails when a kind of fault or of event never came up.
  bool sometimes = false;
  /// Ends at the first seed that fails.
  bool first = false;
};

/// "A..B" or "A".
expected<number_range> parse_range(const std::string& text);
/// "all" that devices in this mode withstand, "none", or names with commas
/// between them.
expected<std::set<fault>> parse_faults(const std::string& text,
                                       consistency mode);

} // namespace lockstep::simulation
