#pragma once

#include "messages/library_requests.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// What of a damaged database can be read. Never writes; damage is no error.
class readable_rows {
public:
  using row = std::vector<sql_value>;

  /// Null for a database of which nothing can be read.
  explicit readable_rows(SQLite::Database* from) : from_(from) {
  }

  /// Calls `action` for each row of what `columns` of a table hold, in rowid
  /// order; what is damaged is passed over, and in a table without rowids ends
  /// it. False where rows may be missing. Throws what `action` throws.
  bool for_each(const std::string& table, const std::string& columns,
                const std::function<void(const row&)>& action) const;

  /// The rows of a query until something is damaged.
  std::vector<row> all(const std::string& query) const;

  /// Names of a table's ordinary columns.
  std::vector<std::string> columns_of(const std::string& table) const;

private:
  using action = std::function<void(const row&)>;

  /// Null where there is no such table or column.
  [[nodiscard]] std::unique_ptr<SQLite::Statement>
  ask(const std::string& query) const;
  /// The next row; nothing at the end, and at damage.
  static std::optional<row> next(SQLite::Statement& rows, bool& damaged);
  /// The least rowid above `after` from which on, as far as probing finds it,
  /// something can be read. `rows` begins at the rowid that it is given.
  static std::optional<std::int64_t> readable_after(SQLite::Statement& rows,
                                                    std::int64_t after);
  static bool for_each_by_rowid(SQLite::Statement& rows, const action& run);
  /// A name by which the table's rowid goes, and none of its columns.
  [[nodiscard]] std::string rowid_of(const std::string& table) const;

  SQLite::Database* from_;
};

/// A value's text; empty where it is none.
std::string text_of(const sql_value& value);

/// Runs a statement with a row's values. False where that breaks a constraint.
bool put_row(SQLite::Statement& statement, const readable_rows::row& row);

/// "1 row", "2 rows".
std::string counted_rows(std::uint64_t count);

} // namespace lockstep
