#pragma once

#include "persistence/library_store.hpp"
#include "protocol/resolution.hpp"

namespace lockstep {

/// What an operation's writer saw of a record, and what its newest entry says.
/// Walks the record's history back to there. Throws.
concurrent_images conflicting_images(library_store& store,
                                     const operation& what,
                                     const entry& newest);

/// The version of the record that its writer saw, where that is another
/// operation which has its place by now.
version_number version_seen(library_store& store, const operation& what,
                            const entry& newest);

} // namespace lockstep
