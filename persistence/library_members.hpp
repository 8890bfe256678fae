#pragma once

#include "persistence/library_store.hpp"

namespace lockstep {

/// Who takes part, as far as this device knows. Before the log has arrived that
/// says it, a newcomer knows `joined_from`, the device that let it in (nil on
/// the creator), and is no member itself.
expected<std::vector<member>> known_members(library_store& store,
                                            device_id joined_from);

} // namespace lockstep
