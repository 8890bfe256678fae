#pragma once

#include "messages/log_requests.hpp"
#include "messages/operation.hpp"
#include "persistence/sync_log_names.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
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
entry read_entry(SQLite::Statement& row, sync_log_names& names);

/// Binds without copying: `what` must outlive the execution.
void bind_entry(SQLite::Statement& insert, const entry& what,
                sync_log_names& names);

template <class Tag>
void bind_id(SQLite::Statement& statement, int index, const uuid_of<Tag>& id) {
  statement.bindNoCopy(index, id.bytes.data(),
                       static_cast<int>(id.bytes.size()));
}

/// Throws SQLITE_CORRUPT for anything but a blob of sixteen bytes.
template <class Id> Id read_id(const SQLite::Column& column) {
  Id id;
  if (!column.isBlob() || column.getBytes() != 16)
    found_damage("an id is not sixteen bytes");
  const auto* bytes = static_cast<const std::uint8_t*>(column.getBlob());
  std::copy_n(bytes, id.bytes.size(), id.bytes.begin());
  return id;
}

} // namespace lockstep
