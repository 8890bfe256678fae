#pragma once

#include "config/settings.hpp"
#include "messages/clock.hpp"
#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "messages/library_repair.hpp"

#include <filesystem>
#include <functional>

namespace lockstep {

/// What a database is made anew from.
struct database_sources {
  /// What is left of the old one; may be missing.
  std::filesystem::path damaged;
  /// The log, which is whole.
  std::filesystem::path sync_log;
  device_id own;
  library_settings limits;
  std::function<timestamp()> now;
};

/// Makes a database at `made`: the application's schema and the rows of its
/// other tables as far as they can be read, tracked tables from the log, and
/// pending operations that can be read on top. Tells `report` of it.
expected<void> rebuild_database(const database_sources& from,
                                const std::filesystem::path& made,
                                library_repair& report);

} // namespace lockstep
