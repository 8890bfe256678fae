#pragma once

#include "persistence/library_store.hpp"

#include <set>
#include <string>
#include <vector>

/// Rows that nothing tells apart but where they stand: their rowid, which
/// changes when a program copies them into a new table.
namespace lockstep {

/// Whether a table may have such rows: it has no key, or one with a NULL in it.
bool is_told_by_place(const tracked_table_schema& schema);

/// Finds the rows of such records again in a table that was made anew: by what
/// they hold in columns that are not new, and where as many are left over as
/// there are records, by their order. Where the rowid travels, the rows get
/// those back that they had. The numbers of removed records are free from now
/// on. In a transaction, while applying; throws as library_store does.
void find_places(library_store& store, const tracked_table_schema& schema,
                 const std::vector<live_record>& live,
                 const std::set<record_id>& removed,
                 const std::vector<std::string>& new_columns);

} // namespace lockstep
