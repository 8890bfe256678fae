#pragma once

#include "persistence/library_store.hpp"

namespace lockstep {

/// Whether the tables may show rows of which the log has forgotten the
/// deletion: they are older than that, as a database.db from a backup is. It is
/// noted until `library_applier::drop_outlived_rows` was done, for what the log
/// still holds brings the tables further meanwhile.
expected<bool> note_outlived_rows(library_store& store);

} // namespace lockstep
