#pragma once

#include "persistence/row_keys.hpp"

#include <cstdint>
#include <optional>

namespace lockstep {

/// Sees to it that an integer key is the same number on every device. A record
/// that is in the log has the number that its newest entry gives it; one that
/// is not there yet has what number is free, and moves when the log says
/// otherwise, with all rows that refer to it. Throws SQLite::Exception. In a
/// transaction.
class row_numbers {
public:
  row_numbers(SQLite::Database& database, statement_cache& statements,
              row_keys& keys)
    : database_(database), statements_(statements), keys_(keys) {
  }

  /// The record has this number from now on: its row moves there, and a row of
  /// another record that stands there moves away.
  void place(const tracked_table_schema& schema, record_id record,
             std::int64_t number);

  /// The record's number: the one it has, else `wanted` if that is free, else a
  /// free one, which is its own from now on.
  std::int64_t choose(const tracked_table_schema& schema, record_id record,
                      std::optional<std::int64_t> wanted);

  /// A number that no row has or had in the table's memory. Throws
  /// std::range_error when there is none.
  std::int64_t free_number(const tracked_table_schema& schema);

private:
  bool has_row(const tracked_table_schema& schema, std::int64_t number);
  bool is_free(const tracked_table_schema& schema, std::int64_t number,
               record_id for_record);
  /// Moves a row and what refers to it.
  void move(const std::string& table, const std::string& number,
            std::int64_t from, std::int64_t to);
  std::int64_t highest(const std::string& query);

  SQLite::Database& database_;
  statement_cache& statements_;
  row_keys& keys_;
};

} // namespace lockstep
