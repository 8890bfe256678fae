#pragma once

#include "messages/errors.hpp"
#include "messages/ids.hpp"
#include "persistence/statement_cache.hpp"

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// A column of a tracked table that travels.
struct tracked_column {
  std::string name;
  /// Declared JSON: arrays in it travel as arrays.
  bool json = false;
};

/// A table whose rows are records. Its key is a column of UUIDs: the row's
/// record id.
struct tracked_table_schema {
  std::int64_t id = 0; ///< In lockstep_model.
  std::string model;
  std::string table;
  std::string key_column;
  /// New keys are written as 16 bytes, not as text.
  bool binary_key = false;
  /// All synced columns in the table's order, the key among them.
  std::vector<tracked_column> columns;
  /// The excluded columns, whose values stay on this device.
  std::vector<std::string> local_columns;

  [[nodiscard]] const tracked_column* find(std::string_view column) const;
};

/// `name` as an SQL identifier.
std::string sql_name(std::string_view name);

/// A key as SQLite holds it: text with dashes, or 16 bytes.
std::optional<record_id> record_of(const SQLite::Column& key);

/// The tables of database.db that Lockstep keeps in step, with the triggers
/// that note which rows change. Throws SQLite::Exception; the store's edge
/// turns it into a failure.
class tracked_tables {
public:
  explicit tracked_tables(SQLite::Database& database);

  /// Reads lockstep_model and the tables' schemas.
  void load();

  /// Starts tracking; in the caller's transaction. Refuses, with its reason, a
  /// table that cannot be tracked.
  expected<const tracked_table_schema*>
  track(const std::string& table, std::string model,
        const std::vector<std::string>& excluded);

  [[nodiscard]] const tracked_table_schema*
  by_model(std::string_view model) const;
  [[nodiscard]] const tracked_table_schema* by_id(std::int64_t id) const;
  [[nodiscard]] const tracked_table_schema*
  by_table(std::string_view table) const;

  /// In the order in which they were tracked.
  [[nodiscard]] std::vector<const tracked_table_schema*> all() const;

private:
  std::set<std::string> excluded_of(std::int64_t id);
  expected<tracked_table_schema>
  read_schema(const std::string& table,
              const std::vector<std::string>& excluded);
  void make_triggers(const tracked_table_schema& schema);

  SQLite::Database& database_;
  std::map<std::int64_t, std::unique_ptr<tracked_table_schema>> tables_;
};

} // namespace lockstep
