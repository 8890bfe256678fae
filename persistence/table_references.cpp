#include "persistence/table_references.hpp"

#include <SQLiteCpp/Statement.h>

namespace lockstep {

std::vector<table_reference> references_to(SQLite::Database& database,
                                           const std::string& table) {
  std::vector<table_reference> list;
  const auto key = integer_key_of(database, table);
  if (!key)
    return list;
  // A foreign key that names no column means the key.
  SQLite::Statement rows{
    database, "SELECT t.name, f.\"from\" FROM sqlite_schema t,"
              " pragma_foreign_key_list(t.name) f WHERE t.type = 'table'"
              " AND f.\"table\" = ?1 COLLATE NOCASE"
              " AND coalesce(f.\"to\", ?2) = ?2 COLLATE NOCASE"};
  rows.bind(1, table);
  rows.bind(2, *key);
  while (rows.executeStep()) {
    table_reference found{rows.getColumn(0).getString(),
                          rows.getColumn(1).getString()};
    found.is_integer_key
      = integer_key_of(database, found.table) == found.column;
    list.push_back(std::move(found));
  }
  return list;
}

std::vector<std::string> parents_of(SQLite::Database& database,
                                    const std::string& table) {
  std::vector<std::string> list;
  SQLite::Statement rows{database, "SELECT DISTINCT \"table\" FROM"
                                   " pragma_foreign_key_list(?)"};
  rows.bind(1, table);
  while (rows.executeStep())
    if (auto name = rows.getColumn(0).getString(); !is_same_name(name, table))
      list.push_back(std::move(name));
  return list;
}

std::optional<std::string> integer_key_of(SQLite::Database& database,
                                          const std::string& table) {
  // A primary key of another type or form has an index of its own.
  SQLite::Statement key{
    database,
    "SELECT c.name FROM pragma_table_list l, pragma_table_info(l.name) c"
    " WHERE l.schema = 'main' AND l.name = ?1 COLLATE NOCASE AND l.wr = 0"
    " AND c.pk = 1 AND c.type = 'INTEGER' COLLATE NOCASE AND NOT EXISTS("
    "SELECT 1 FROM pragma_table_info(?1) WHERE pk > 1) AND NOT EXISTS("
    "SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')"};
  key.bind(1, table);
  if (!key.executeStep())
    return std::nullopt;
  return key.getColumn(0).getString();
}

} // namespace lockstep
