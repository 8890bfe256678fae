#pragma once

#include "messages/errors.hpp"
#include "messages/library_requests.hpp"
#include "persistence/column_affinity.hpp"

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// A column of a tracked table that travels.
struct tracked_column {
  std::string name;
  std::string sql; ///< The name as an SQL identifier.
  column_affinity affinity = column_affinity::blob;
  /// Declared JSON: arrays in it travel as arrays.
  bool json = false;
  /// The table whose integer key it refers to; its values travel as that
  /// table's record ids once that table is tracked. Empty for other columns.
  std::string refers_to;
  /// The name that the column had before it was renamed here; empty if none.
  std::string earlier_name;
};

/// The name under which a rowid travels in an image where the table has no
/// column for it.
inline constexpr std::string_view rowid_in_image = "$rowid";

/// SQL about a table, put together once.
struct table_texts {
  std::string table;         ///< Its name.
  std::string columns;       ///< Its synced columns, separated by commas.
  std::string local_columns; ///< Its excluded columns, likewise.
  /// Holds for the row whose key columns have exactly the values ?1, ?2, ….
  std::string has_key;
  /// Asks which of the values ?1, ?2 and ?3 is a row's UUID: 1, 2 or 3. One
  /// after another, as for a list of values SQLite builds a table each time.
  std::string find_uuid;
};

/// A table whose rows are records, as database.db declares it now.
struct tracked_table_schema {
  std::int64_t id = 0; ///< In lockstep_model.
  std::string model;
  std::string table;
  key_kind kind = key_kind::uuid;
  /// The columns that tell rows apart; none where only the rowid does.
  std::vector<std::string> key_columns;
  /// New keys are written as 16 bytes, not as text.
  bool binary_key = false;
  /// SQL for the rowid; empty for a table WITHOUT ROWID.
  std::string number;
  /// What names the rowid in images, where it is the same number on every
  /// device: the INTEGER PRIMARY KEY, or `rowid_in_image`; else empty.
  std::string number_in_image;
  /// All synced columns in the table's order, the key among them.
  std::vector<tracked_column> columns;
  /// The excluded columns, whose values stay on this device.
  std::vector<std::string> local_columns;
  table_texts sql;
  /// Whether the application has triggers on it.
  bool has_triggers = false;
  /// False while the table is not there.
  bool present = true;

  [[nodiscard]] const tracked_column* find(std::string_view column) const;

  /// Whether the rowid travels, so that it is the same number on every device.
  [[nodiscard]] bool is_numbered() const {
    return !number_in_image.empty();
  }

  [[nodiscard]] bool is_key(std::string_view column) const;
};

/// Whether a column, as SQLite's authorizer has it, is the rowid of the table
/// or stands for it.
bool names_number(const tracked_table_schema& schema, std::string_view column);

/// `name` as an SQL identifier, and `text` as an SQL string.
std::string sql_name(std::string_view name);
std::string sql_text(std::string_view text);

/// SQLite compares names so: ASCII letters without case.
bool is_same_name(std::string_view a, std::string_view b);

/// Reads how a table is declared. Refuses, with its reason, one that cannot be
/// tracked, and columns that cannot be excluded. Throws SQLite::Exception.
expected<tracked_table_schema>
read_table_schema(SQLite::Database& database, const std::string& table,
                  const std::vector<std::string>& excluded);

} // namespace lockstep
