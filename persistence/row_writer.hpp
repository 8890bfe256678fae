#pragma once

#include "persistence/statement_cache.hpp"
#include "persistence/tracked_tables.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// Reads and writes rows of tracked tables as images. Throws
/// SQLite::Exception, and std::invalid_argument or nlohmann::json::exception
/// for an image that makes no sense.
class row_writer {
public:
  explicit row_writer(statement_cache& statements) : statements_(statements) {
  }

  /// The row's image; nothing when there is no such row.
  std::optional<std::string> read(const tracked_table_schema& schema,
                                  record_id record);

  /// Makes the row what the image says: inserts or updates. Columns that the
  /// image does not speak of keep their value, or get their default; those that
  /// the table does not have are left out. An image without the key gets it;
  /// one with the key of another record is refused.
  void write(const tracked_table_schema& schema, record_id record,
             const std::string& image);

  /// Takes the row out for a moment; returns its local values for `put_back`.
  nlohmann::json lift(const tracked_table_schema& schema, record_id record);

  /// Writes a lifted row anew, with the local values that it had.
  void put_back(const tracked_table_schema& schema, record_id record,
                const std::string& image, const nlohmann::json& local);

  /// Removes the row if it is there.
  void erase(const tracked_table_schema& schema, record_id record);

private:
  using values = std::vector<std::pair<std::string, const nlohmann::json*>>;
  bool update(const tracked_table_schema& schema, record_id record,
              const values& list);
  void insert(const tracked_table_schema& schema, const values& list);

  statement_cache& statements_;
};

} // namespace lockstep
