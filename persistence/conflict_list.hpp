#pragma once

#include "messages/library_requests.hpp"
#include "persistence/library_store.hpp"

#include <vector>

/// Conflicts are records of model `lockstep.conflict`; one that is resolved is
/// deleted.
namespace lockstep {

/// In the order of the log.
expected<conflict_list> list_conflicts(library_store& store, bool resolved_too);

/// What to commit so that it is settled. Errors: `not_found` for what is no
/// conflict, or one that is resolved already.
expected<std::vector<transaction_step>>
steps_to_resolve(library_store& store, const resolve_conflict& request);

} // namespace lockstep
