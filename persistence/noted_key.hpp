#pragma once

#include "messages/library_requests.hpp"
#include "persistence/table_schema.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// How a trigger notes which row changed: by its number where the table is told
/// apart by the rowid, or where a part of its key is NULL; else by the exact
/// values of its key columns, written as one text.
namespace lockstep {

using key_values = std::vector<sql_value>;

/// A row's rowid, or the values of its key columns.
using noted_key = std::variant<std::int64_t, key_values>;

/// SQL that makes the note of the row `row` ("NEW", "OLD", or a table's alias).
std::string note_of_key(const tracked_table_schema& schema,
                        std::string_view row);

/// What such a note says; nothing for what no trigger wrote.
std::optional<noted_key> read_note(const sql_value& note);

/// SQL that holds for the row whose columns have exactly these values, which
/// are bound to ?1, ?2, …: neither a collation nor 1 = 1.0 makes two keys one.
std::string where_exactly(const std::vector<std::string>& columns);

/// The same for one column, as SQL, and the place that the value is bound to.
std::string is_exactly(const std::string& column, const std::string& value);

} // namespace lockstep
