#pragma once

#include "persistence/library_store.hpp"

#include <string>

/// Entries that the log holds and the tables cannot show (lockstep_set_aside).
/// All in a transaction; throw as library_store does.
namespace lockstep {

void set_aside(library_store& store, sequence_number at,
               const std::string& reason);

/// It is so no more.
void take_from_set_aside(library_store& store, sequence_number at);

/// Foreign keys hold again; rows that hang on one that was set aside are so
/// too.
void set_orphans_aside(library_store& store);

/// In the log's order. Outside a transaction too; does not throw.
expected<set_aside_list> list_set_aside(library_store& store);

/// Shows what fits by now.
void retry_set_aside(library_store& store);

} // namespace lockstep
