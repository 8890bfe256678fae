#pragma once

#include "messages/ids.hpp"
#include "persistence/statement_cache.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace lockstep {

/// What is kept of which row a record is, where its record id does not say it
/// (lockstep_key). Tables go by their id in lockstep_model. Throws
/// SQLite::Exception. In a transaction.
class key_table {
public:
  explicit key_table(statement_cache& statements) : statements_(statements) {
  }

  /// Where a record's row stands.
  struct place {
    /// The rowid; none while there is no row.
    std::optional<std::int64_t> number;
    /// The values of its key columns as they travel, a JSON array; or `no_key`.
    std::optional<std::string> key;

    bool operator==(const place&) const = default;
  };

  /// Stands for a key that has a NULL in it and tells nothing apart.
  static constexpr std::string_view no_key = "[]";

  std::optional<place> find(std::int64_t table, record_id record);

  /// The record that a number is kept for.
  std::optional<record_id> record_at(std::int64_t table, std::int64_t number);

  /// The record's number, or the one that its row had which is gone.
  std::optional<std::int64_t> last_number_of(std::int64_t table,
                                             record_id record);

  void keep(std::int64_t table, record_id record, const place& now);

  /// The same where no record has the number.
  void keep_free(std::int64_t table, record_id record, const place& now);

  /// The number, from now on, is this record's, and nobody else's.
  void assign(std::int64_t table, record_id record, std::int64_t number);

  /// The record's row is gone: its number is free for others.
  void release(std::int64_t table, record_id record);

  /// A row whose number was released has another one for as long as it is still
  /// there. Reads the whole table.
  void move_released(std::int64_t table, std::int64_t from, std::int64_t to);

private:
  /// Whether anything may be kept of this table's rows: nothing is of those
  /// that have a UUID. Once said, it stays so, as what makes it so may be
  /// rolled back unnoticed.
  bool may_hold(std::int64_t table);

  statement_cache& statements_;
  std::unordered_map<std::int64_t, bool> may_hold_;
};

} // namespace lockstep
