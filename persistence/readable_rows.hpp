#pragma once

#include "messages/library_requests.hpp"

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// What of a damaged database can be read. Never writes, never throws.
class readable_rows {
public:
  using row = std::vector<sql_value>;

  /// Null for a database of which nothing can be read.
  explicit readable_rows(SQLite::Database* from) : from_(from) {
  }

  /// Calls `action` for each row of what `columns` of a table hold, in rowid
  /// order from both ends until something is damaged. False where rows may be
  /// missing.
  bool for_each(const std::string& table, const std::string& columns,
                const std::function<void(const row&)>& action) const;

  /// The rows of a query until something is damaged.
  std::vector<row> all(const std::string& query) const;

  /// Names of a table's ordinary columns.
  std::vector<std::string> columns_of(const std::string& table) const;

private:
  bool read(const std::string& query, std::optional<std::int64_t> stop,
            std::optional<std::int64_t>& last,
            const std::function<void(const row&)>& action) const;

  SQLite::Database* from_;
};

} // namespace lockstep
