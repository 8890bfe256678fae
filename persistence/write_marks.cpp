#include "persistence/write_marks.hpp"

#include "persistence/library_store.hpp"
#include "persistence/sqlite_file.hpp"

#include <sqlite3.h>

namespace lockstep {

write_marks read_write_marks(library_store& store) {
  auto version = store.statements.use("PRAGMA data_version");
  version->executeStep();
  auto schema = store.statements.use("PRAGMA schema_version");
  schema->executeStep();
  return {version->getColumn(0).getInt64(),
          sqlite3_total_changes(store.database->getHandle()),
          schema->getColumn(0).getInt64()};
}

bool file_is_gone(const library_store& store) {
  return file_is_gone(*store.database);
}

} // namespace lockstep
