#pragma once

#include <cstdint>

namespace lockstep {

class library_store;

/// What moves when database.db is written, found without reading tables.
struct write_marks {
  std::int64_t others = 0; ///< Moves when another connection committed.
  std::int64_t own = 0;    ///< Moves when this connection changed a row.
  std::int64_t schema = 0; ///< Moves when anybody changed the schema.

  bool operator==(const write_marks&) const = default;
};

/// As they stand now. Throws SQLite::Exception.
write_marks read_write_marks(library_store& store);

/// Whether the file that the store has open no longer stands under its name:
/// another one was put in its place, or it was moved or deleted.
bool file_is_gone(const library_store& store);

} // namespace lockstep
