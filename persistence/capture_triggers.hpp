#pragma once

#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <string_view>

/// The triggers that note which rows of a table change. They name only the
/// key's columns and those of UNIQUE indexes, so that the application may drop
/// any other. All throw SQLite::Exception.
namespace lockstep {

/// What the names of Lockstep's triggers, indexes and tables begin with.
inline constexpr std::string_view own_prefix = "lockstep_";

/// Which of the triggers that note changes a table had.
enum class noting_triggers : std::uint8_t {
  all,
  some, ///< Changes may have gone by without a note.
  none, ///< SQLite drops them with their table: this is another one.
};

/// Makes the table's triggers what they are to be, and tells what they were.
noting_triggers ensure_triggers(SQLite::Database& database,
                                const tracked_table_schema& schema);

/// Removes the triggers of the table with this number in lockstep_model.
void drop_triggers(SQLite::Database& database, std::int64_t id);

/// The table that these triggers are on now, as SQLite moves them along when a
/// table is renamed; empty when there are none.
std::string table_of_triggers(SQLite::Database& database, std::int64_t id);

} // namespace lockstep
