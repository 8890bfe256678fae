#pragma once

#include "persistence/library_store.hpp"

#include <string>

namespace lockstep {

/// Stops syncing a table on this device: its triggers and what is kept about
/// its rows go, the rows stay. The log keeps the model, and so does what other
/// devices send of it. In a transaction. Errors as of tracked_tables::untrack.
expected<untracked_table> untrack(library_store& store,
                                  const std::string& table);

/// Removes everything of Lockstep's from database.db, so that it is what a
/// program without Lockstep would have made of it. What is still pending is
/// lost to the library, but not to the file. The store can only be closed
/// afterwards.
expected<void> detach(library_store& store);

/// The same with any connection to the file that has no transaction open.
/// Throws SQLite::Exception; then the file still holds all of it.
void detach(SQLite::Database& database);

} // namespace lockstep
