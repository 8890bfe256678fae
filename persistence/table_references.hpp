#pragma once

#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Database.h>

#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// A column that a foreign key makes refer to a table's INTEGER PRIMARY KEY.
struct table_reference {
  std::string table;
  std::string column;
  /// The column is its own table's INTEGER PRIMARY KEY as well.
  bool is_integer_key = false;
};

/// Every such column of database.db. Throws SQLite::Exception.
std::vector<table_reference> references_to(SQLite::Database& database,
                                           const std::string& table);

/// The tables that a table's foreign keys name, itself left out. Throws
/// SQLite::Exception.
std::vector<std::string> parents_of(SQLite::Database& database,
                                    const std::string& table);

/// The name of the table's INTEGER PRIMARY KEY; nothing where it has none, as
/// for a table WITHOUT ROWID. Throws SQLite::Exception.
std::optional<std::string> integer_key_of(SQLite::Database& database,
                                          const std::string& table);

} // namespace lockstep
