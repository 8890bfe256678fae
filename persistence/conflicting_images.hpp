#pragma once

#include "persistence/library_store.hpp"
#include "protocol/resolution.hpp"

namespace lockstep {

/// What an operation's writer saw of a record, and what its newest entry says.
/// Walks the record's history back to there. Throws.
concurrent_images conflicting_images(library_store& store,
                                     const operation& what,
                                     const entry& newest);

} // namespace lockstep
