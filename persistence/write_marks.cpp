#include "persistence/write_marks.hpp"

#include "persistence/library_store.hpp"

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
  int moved = 0;
  return sqlite3_file_control(store.database->getHandle(), "main",
                              SQLITE_FCNTL_HAS_MOVED, &moved)
           == SQLITE_OK
         && moved != 0;
}

} // namespace lockstep
