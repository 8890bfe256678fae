#pragma once

#include "messages/clock.hpp"
#include "persistence/library_store.hpp"
#include "persistence/sync_log_store.hpp"

namespace lockstep {

/// When a library's files were made; see file_birth.hpp.
struct file_births {
  std::uint64_t log = 0;
  std::uint64_t database = 0;
};

/// What of a library's files are not those that this device wrote last, but
/// copies that somebody put in their place, and so may be older. Each file
/// holds the birth of the one that it was.
enum class put_back : std::uint8_t {
  nothing,
  database, ///< The log is the one that it was.
  log,      ///< And the database with it, as a rule.
};

/// Compares with what was noted when the library was opened last, and sees to
/// it that old state does not count as news; to be called before anything is
/// written or promised. Numbers of operations that were given since the copy
/// was made are not given again. With an older log, neither are ballots and
/// votes, and the device does not lead before it has the whole log of another
/// member, or every member lets it. Notes `now`. On the disk once this returns;
/// where it fails, the next open does it. Returns what was put back.
expected<put_back> recognise_older_copy(library_store& store,
                                        sync_log_store& log, file_births now,
                                        timestamp at);

/// Whether the log is of an older copy and no other member's has come since. It
/// is fetched anew, as far as others' differ: `is_fetching_anew`, too.
expected<bool> is_of_older_copy(library_store& store);

/// Whether all of the log was given back and it is not here again yet.
expected<bool> has_given_back_log(library_store& store);

/// It leads: all members have seen that none holds more.
expected<void> end_older_copy(library_store& store);

} // namespace lockstep
