#pragma once

#include "messages/errors.hpp"
#include "persistence/readable_rows.hpp"

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lockstep {

/// What the application has in a damaged database beside the rows of tracked
/// tables, as far as it can be read. What cannot be saved becomes a sentence in
/// `lost`.
class application_copy {
public:
  /// Reads the schema.
  application_copy(const readable_rows& from, std::vector<std::string>& lost);

  /// Whether no schema could be read.
  [[nodiscard]] bool is_empty() const {
    return schema_.empty();
  }

  /// Makes a database with the application's tables and indexes, and the rows
  /// of those tables that are not `left_out`. Rows that break a CHECK are
  /// rows like any other.
  expected<void>
  make(const std::filesystem::path& made,
       const std::function<bool(const std::string&)>& left_out) const;

  /// Views and triggers: last, so that nothing that is done before sets them
  /// off.
  expected<void> add_triggers(const std::filesystem::path& made) const;

private:
  /// A thing of the application's in sqlite_schema.
  struct schema_item {
    std::string type;
    std::string name;
    std::string sql;

    [[nodiscard]] bool is_virtual() const {
      return sql.starts_with("CREATE VIRTUAL");
    }
  };

  void copy_settings(SQLite::Database& to) const;
  void make_all(SQLite::Database& to, const char* type) const;
  void copy_table(SQLite::Database& to, const std::string& table) const;

  const readable_rows& rows_;
  std::vector<std::string>& lost_;
  std::vector<schema_item> schema_;
};

} // namespace lockstep
