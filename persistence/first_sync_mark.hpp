#pragma once

#include "persistence/library_store.hpp"

namespace lockstep {

/// Whether the log of a library that this device is new to is still coming:
/// until it is here, the tables are not complete.
expected<bool> is_in_first_sync(library_store& store);

/// Notes that it is; on the disk once this returns. `take_up_unlogged` ends it.
expected<void> begin_first_sync(library_store& store);

/// The same for one that was over: the log lacks something that members may
/// hold.
expected<void> begin_first_sync_again(library_store& store);

} // namespace lockstep
