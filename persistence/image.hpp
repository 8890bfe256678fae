#pragma once

#include "messages/library_requests.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

/// How SQLite's values travel in an entry's image, to the last bit.
///
/// NULL, INTEGER and valid text are JSON's own; a REAL is always written with a
/// point or an exponent, so it never turns into an INTEGER. What JSON cannot
/// say is an object with one key: `{"$blob": base64}`, `{"$text": base64}` for
/// text that is not UTF-8 or holds a NUL, `{"$real": "inf"}`. Text in a column
/// declared JSON that is an array in canonical form travels as that array.
namespace lockstep {

nlohmann::json to_json(const SQLite::Column& value, bool json_column);
nlohmann::json to_json(const sql_value& value);

nlohmann::json blob_to_json(const void* bytes, std::size_t size);

/// What `to_json` was made from; also takes a host's booleans (1 and 0) and
/// nested values (as their canonical text). Throws std::invalid_argument for a
/// tag it does not know, and for numbers beyond 64 bits.
sql_value to_sql_value(const nlohmann::json& value);

/// The value of a result column, and a parameter from one.
sql_value to_sql_value(const SQLite::Column& value);
void bind_value(SQLite::Statement& statement, int index,
                const sql_value& value);

bool is_valid_utf8(std::string_view text);

} // namespace lockstep
