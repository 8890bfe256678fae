#pragma once

#include "messages/log_requests.hpp"
#include "messages/operation.hpp"
#include "persistence/sqlite_ids.hpp"
#include "persistence/sync_log_dictionaries.hpp"
#include "persistence/sync_log_names.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lockstep {

/// SQLite's integers are signed; numbers of 64 bits keep their bits.
inline std::int64_t to_sql(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

inline std::uint64_t from_sql(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

/// Throws SQLite::Exception with SQLITE_CORRUPT.
[[noreturn]] void found_damage(const char* what);

/// A sequence as a bound of a search: what no log can hold becomes the end.
std::int64_t search_bound(sequence_number at);

/// Whether a counter fits into an INTEGER and keeps its order there.
bool fits(std::uint64_t number);

/// Names an entry's columns in the order of `read_entry` and `bind_entry`.
inline constexpr std::string_view entry_columns
  = "sequence, ballot, device, device_sequence, timestamp, model, record_id, "
    "change_type, version, previous, transaction_end, chain, data";

/// The entry in the statement's row. Throws SQLITE_CORRUPT when it makes no
/// sense.
entry read_entry(SQLite::Statement& row, sync_log_names& names,
                 sync_log_dictionaries& dictionaries);

/// Binds without copying: `what` must outlive the execution, and nothing else
/// be packed before it.
void bind_entry(SQLite::Statement& insert, const entry& what,
                sync_log_names& names, sync_log_dictionaries& dictionaries);

} // namespace lockstep
