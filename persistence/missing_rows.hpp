#pragma once

#include "persistence/library_store.hpp"

#include <functional>
#include <vector>

namespace lockstep {

/// Gives a table rows of its records that it lacks: those whose newest entries
/// are in these places of the log, in order, and on top what is pending of the
/// records that are `wanted`. What does not fit is set aside. In a transaction,
/// while applying; throws as library_store does.
void fill_from_log(library_store& store, const tracked_table_schema& schema,
                   const std::vector<sequence_number>& places, bool is_empty,
                   const std::function<bool(record_id)>& wanted);

} // namespace lockstep
