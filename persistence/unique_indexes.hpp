#pragma once

#include <SQLiteCpp/Database.h>

#include <set>
#include <string>
#include <vector>

namespace lockstep {

/// One term of an index.
struct index_term {
  /// SQL that computes it from the table's columns.
  std::string sql;
  std::string collation;
  /// It is a column by itself.
  bool is_column = false;
};

/// What a table declares unique: a constraint or an index of its own.
struct unique_index {
  std::vector<index_term> terms;
  /// SQL that holds for the rows in it; empty where all are.
  std::string condition;
  /// The columns that the terms name.
  std::set<std::string> columns;
};

/// Throws SQLite::Exception.
std::vector<unique_index> unique_indexes_of(SQLite::Database& database,
                                            const std::string& table);

/// The terms and the condition of an index as SQLite keeps its CREATE INDEX,
/// each as SQL, and without ASC and DESC.
struct index_text {
  std::vector<std::string> terms;
  std::string condition;
};
index_text read_index_text(const std::string& definition);

/// The names in an SQL expression, among them those of its functions.
std::set<std::string> names_in_expression(const std::string& sql);

} // namespace lockstep
