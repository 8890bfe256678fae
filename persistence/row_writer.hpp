#pragma once

#include "persistence/row_keys.hpp"
#include "persistence/row_numbers.hpp"
#include "persistence/statement_cache.hpp"
#include "persistence/tracked_tables.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// Whose wish an image is.
enum class standing {
  canonical, ///< The log's: its integer key is the one that counts.
  pending,   ///< An operation's that is not in the log yet.
};

/// Reads and writes rows of tracked tables as images. Throws
/// SQLite::Exception, missing_reference, and std::invalid_argument or
/// nlohmann::json::exception for an image that makes no sense.
class row_writer {
public:
  row_writer(SQLite::Database& database, statement_cache& statements,
             row_keys& keys)
    : database_(database), statements_(statements), keys_(keys),
      numbers_(database, statements, keys) {
  }

  /// The row's image; nothing when there is no such row.
  std::optional<nlohmann::json> read(const tracked_table_schema& schema,
                                     record_id record);

  /// Whether a row that is written from this image reads the same. False where
  /// one would have to look.
  static bool keeps(const tracked_table_schema& schema,
                    const nlohmann::json& image);

  /// The image of a row that is new, with its rowid if its table has one.
  std::optional<nlohmann::json> read_new(const tracked_table_schema& schema,
                                         record_id record, std::int64_t rowid);

  bool has_row(const tracked_table_schema& schema, record_id record);

  /// Makes the row what the image says: inserts or updates. Columns that the
  /// image does not speak of keep their value, or get their default; those that
  /// the table does not have are left out. An image without the UUID that is
  /// its key gets it; one with the key of another record is refused.
  void write(const tracked_table_schema& schema, record_id record,
             nlohmann::json image, standing whose);

  /// The same of a record that has no row yet; the image has its UUID then.
  /// Returns the rowid; of a table that has none, nothing of use.
  std::int64_t insert_new(const tracked_table_schema& schema, record_id record,
                          nlohmann::json& image);

  /// Writes only these columns of a row that is there.
  void write_columns(const tracked_table_schema& schema, record_id record,
                     const nlohmann::json& image,
                     const std::vector<std::string>& columns);

  /// Gives a record that is to be inserted its number ahead of time, so that
  /// rows which refer to it can be written in any order.
  void reserve(const tracked_table_schema& schema, record_id record,
               const nlohmann::json& image, standing whose);

  /// The image with the number that the record is to have: its own, or the one
  /// it asks for where that is free, or a free one, which is its own from now
  /// on.
  std::string with_number(const tracked_table_schema& schema, record_id record,
                          const std::string& image);

  /// Takes the row out for a moment; returns its local values for `put_back`.
  nlohmann::json lift(const tracked_table_schema& schema, record_id record);

  /// Writes a lifted row anew, with the local values that it had.
  void put_back(const tracked_table_schema& schema, record_id record,
                nlohmann::json image, const nlohmann::json& local,
                standing whose);

  /// Removes the row if it is there; its number is free for others.
  void erase(const tracked_table_schema& schema, record_id record);

  /// Whether the application's own triggers do all that they do; otherwise
  /// what they change in tracked tables comes by the log. Statements are
  /// prepared for one of the two.
  void set_triggers(bool on) {
    marker_ = on ? "/* with triggers */ " : "";
  }

private:
  /// By the columns' names as SQL identifiers, which whoever makes it keeps.
  using values = std::vector<std::pair<std::string_view, sql_value>>;
  values values_of(const tracked_table_schema& schema,
                   const nlohmann::json& image);
  /// What there is to be known of the record before its row is written, and
  /// what to write.
  values prepare(const tracked_table_schema& schema, record_id record,
                 nlohmann::json& image, standing whose);
  std::optional<nlohmann::json> read_at(const tracked_table_schema& schema,
                                        const row_location& where);
  bool update(const tracked_table_schema& schema, const row_location& where,
              const values& list);
  void insert(const tracked_table_schema& schema, record_id record,
              const values& list);
  void delete_row(const tracked_table_schema& schema, record_id record);

  SQLite::Database& database_;
  statement_cache& statements_;
  row_keys& keys_;
  row_numbers numbers_;
  std::string marker_;
};

} // namespace lockstep
