#pragma once

#include "messages/ids.hpp"
#include "persistence/key_table.hpp"
#include "persistence/noted_key.hpp"
#include "persistence/statement_cache.hpp"
#include "persistence/tracked_tables.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace lockstep {

/// Where a record's row stands: an SQL condition, and what to bind to its ?1,
/// ?2, ….
struct row_location {
  std::string where;
  key_values values;
  /// No row is there. Otherwise one may be.
  bool is_empty = false;

  void bind_to(SQLite::Statement& statement) const;
};

/// What the record id of a row is made from when the row is new.
struct mint {
  double noted_at = 0; ///< Julian day.
  std::string random;  ///< Ten bytes.
  /// Of the note among its fellows: rows that are noted together get ids in
  /// their order, so that what is kept of them is written side by side.
  std::uint32_t place = 0;

  /// Takes part of another note of the same row; in whatever order, the result
  /// is the same.
  void merge(const mint& other) {
    noted_at = std::max(noted_at, other.noted_at);
    if (random.empty() || (!other.random.empty() && other.random < random))
      random = other.random;
    place = std::min(place, other.place);
  }
};

/// The record that a note of a trigger is about.
struct noted_record {
  record_id id;
  /// It has got its id by this note: nobody else knows of it.
  bool is_new = false;
};

/// SQL that holds for rows that their natural key does not tell apart: it has a
/// NULL in it.
std::string sql_without_key(const tracked_table_schema& schema);

/// Which row is which record. The record id is the row's UUID where it has one;
/// else it follows from its natural key (UUIDv5, RFC 9562, of model and key);
/// else it was made when the row was first seen (UUIDv7) and is kept in
/// lockstep_key. Columns that refer to a row with an integer key stand for that
/// row's record in all of this. Throws SQLite::Exception. In a transaction.
class row_keys {
public:
  row_keys(statement_cache& statements, const tracked_tables& tables)
    : kept(statements), statements_(statements), tables_(tables) {
  }

  /// What is kept of it beside the rows.
  key_table kept;

  /// The record that a trigger's note is about. A row that is there and has
  /// no record id yet gets one; nothing for a row that came and went.
  std::optional<noted_record> record_of(const tracked_table_schema& schema,
                                        const noted_key& key,
                                        const mint& for_new);

  /// The record whose row has this number; nothing when no row does or did.
  std::optional<record_id> record_at(const tracked_table_schema& schema,
                                     std::int64_t number);

  bool has_row(const tracked_table_schema& schema, std::int64_t number);

  /// The number of a record's row, or the one that is kept for it.
  std::optional<std::int64_t> number_of(const tracked_table_schema& schema,
                                        record_id record);

  /// Where the record's row is, or would be; nothing when that is not known.
  std::optional<row_location> locate(const tracked_table_schema& schema,
                                     record_id record);

  /// Learns a record's key from its image, before its row is written.
  void learn(const tracked_table_schema& schema, record_id record,
             const nlohmann::json& image);

  /// Whether the row with this number is another record's than the one that the
  /// number is kept for: it has got another UUID.
  bool has_changed_hands(const tracked_table_schema& schema,
                         std::int64_t number);

  /// The record whose key these values were before numbers changed hands.
  std::optional<record_id> record_before(const tracked_table_schema& schema,
                                         const key_values& values);

  /// Whether the record's key has a NULL in it, so that only its rowid tells
  /// its row apart, on each device another one.
  bool is_without_key(const tracked_table_schema& schema, record_id record);

  /// A column's value as it travels: a reference as `{"$ref": record id}`.
  nlohmann::json to_travel(const tracked_column& column, nlohmann::json value);

  /// What came that way as the value that the table holds. Throws
  /// missing_reference.
  nlohmann::json to_store(const tracked_column& column,
                          const nlohmann::json& value);

private:
  /// What a travelling value refers to, if it is a reference at all.
  struct reference {
    bool is_reference = false;
    const tracked_table_schema* parent = nullptr;
    record_id record;
  };
  reference reference_in(const tracked_column* column,
                         const nlohmann::json& value);
  /// Also the number that a row had which is gone.
  std::optional<std::int64_t> last_number_of(const tracked_table_schema& schema,
                                             record_id record);
  /// The record id that follows from the values of the key columns.
  record_id derive(const tracked_table_schema& schema,
                   const nlohmann::json& travelling);
  nlohmann::json travelling_key(const tracked_table_schema& schema,
                                const key_values& values);
  std::optional<record_id> record_before_at(const tracked_table_schema& schema,
                                            std::int64_t number);
  /// Where the row with the record's UUID is: it may be written as text with or
  /// without dashes, or as 16 bytes.
  row_location locate_uuid(const tracked_table_schema& schema,
                           record_id record);
  std::optional<key_values> key_at(const tracked_table_schema& schema,
                                   std::int64_t number);

  statement_cache& statements_;
  const tracked_tables& tables_;
};

/// A row cannot be written because the one it refers to is not here.
struct missing_reference : std::runtime_error {
  missing_reference()
    : std::runtime_error{"The row refers to one that is not there."} {
  }
};

} // namespace lockstep
