#pragma once

#include "messages/errors.hpp"
#include "messages/index.hpp"
#include "persistence/library_store.hpp"

namespace lockstep {

/// Writes rows of a location's index into the table `entry` of database.db, in
/// one transaction; makes the table when it is not there. The table is each
/// device's own and is not synced: the log has one bulk entry for all of it.
expected<void> write_location_index(library_store& store,
                                    const write_index_batch& batch);

} // namespace lockstep
