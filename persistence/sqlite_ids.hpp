#pragma once

#include "messages/ids.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <sqlite3.h>

namespace lockstep {

/// Binds an id as its sixteen bytes.
template <class Tag>
void bind_id(SQLite::Statement& statement, int index, const uuid_of<Tag>& id) {
  statement.bind(index, static_cast<const void*>(id.bytes.data()),
                 static_cast<int>(id.bytes.size()));
}

/// Throws SQLITE_CORRUPT for anything but a blob of sixteen bytes.
template <class Id> Id read_id(const SQLite::Column& column) {
  Id id;
  if (!column.isBlob()
      || column.getBytes() != static_cast<int>(id.bytes.size()))
    throw SQLite::Exception{"an id is not sixteen bytes", SQLITE_CORRUPT};
  const auto* bytes = static_cast<const std::uint8_t*>(column.getBlob());
  std::copy_n(bytes, id.bytes.size(), id.bytes.begin());
  return id;
}

/// The bytes of a BLOB, as long as the row stands and the column lives.
inline std::string_view bytes_in(const SQLite::Column& column) {
  const auto* bytes = static_cast<const char*>(column.getBlob());
  return {bytes, static_cast<std::size_t>(column.getBytes())};
}

} // namespace lockstep
