#pragma once

#include "config/settings.hpp"
#include "messages/clock.hpp"
#include "messages/library_repair.hpp"
#include "persistence/library_folder.hpp"

#include <functional>

namespace lockstep {

/// `corrupt` where a repair was cut off and is to be asked for again: the files
/// are not what they look like. Before anything else is done with them.
expected<void> check_no_repair_begun(const library_folder& folder);

/// Refuses files that would be taken for new ones: `corrupt` for a sync.db that
/// is gone while the tables show what it said. Before a library is opened.
expected<void> check_library_files(const library_folder& folder);

/// What a library's files could not be opened for: `corrupt` where the tables
/// of Lockstep's own in one of them are not as they were made, of which SQLite
/// only says that a statement is wrong; else what was said.
failure cause_of(const failure& said, const library_folder& folder);

/// What a repair needs.
struct repair_settings {
  device_id own;
  library_settings limits;
  std::function<timestamp()> now;
  /// Does not wait for other members.
  bool alone = false;
};

/// Mends sync.db from what can be read of it and from the tables, and the
/// database from what can be read of it and from the log; what members hold
/// comes when the library is opened again. Damaged files are moved aside. Both
/// files are closed. Can be repeated at any time, also after a crash: both
/// files' replacement is one decision, noted before the first. What fails
/// before that leaves all as it was.
expected<library_repair> repair_files(const library_folder& folder,
                                      const repair_settings& how);

} // namespace lockstep
