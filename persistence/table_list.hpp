#pragma once

#include "persistence/library_store.hpp"

namespace lockstep {

/// The application's tables: those that are tracked, those that could be, and
/// those that cannot, with the reason; parents before the tables that refer to
/// them. Throws SQLite::Exception.
table_list list_tables(library_store& store);

} // namespace lockstep
