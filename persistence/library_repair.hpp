#pragma once

#include "config/settings.hpp"
#include "messages/clock.hpp"
#include "messages/library_repair.hpp"
#include "persistence/library_folder.hpp"

#include <functional>

namespace lockstep {

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
