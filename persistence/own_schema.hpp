#pragma once

#include "persistence/sqlite_file.hpp"

#include <set>
#include <span>
#include <string>

namespace lockstep {

/// What of the tables, indexes, views and triggers that these migrations make
/// is not in the database as they make it, in words; empty when all is. SQLite
/// takes a garbled name of a column for its name. Throws SQLite::Exception.
std::string own_schema_complaint(SQLite::Database& database,
                                 std::span<const migration> known);

/// Names of what these migrations make.
std::set<std::string> own_names(std::span<const migration> known);

} // namespace lockstep
