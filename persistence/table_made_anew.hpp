#pragma once

#include "persistence/library_store.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// Takes up a tracked table that a program dropped and made again, or that a
/// migration of the application's put in its place. That its rows went with it
/// deletes none of them: what it lacks comes from the log. What it has is noted
/// as changed: in a copy, which lacks nothing, upon what was there; else beside
/// it. `new_columns` are those that it did not have before. In a transaction;
/// throws as library_store does.
void take_up_again(library_store& store, const tracked_table_schema& schema,
                   const std::vector<std::string>& new_columns);

} // namespace lockstep
