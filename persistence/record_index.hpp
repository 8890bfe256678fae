#pragma once

#include "messages/ids.hpp"
#include "messages/numbers.hpp"
#include "persistence/sqlite_ids.hpp"
#include "persistence/statement_cache.hpp"
#include "persistence/tracked_tables.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace lockstep {

/// A record's model and id.
using record_key = std::pair<std::string, record_id>;

/// Where a record stands in the log.
struct record_state {
  version_number version; ///< None: the log never saw the record.
  sequence_number latest; ///< Its newest entry.
  bool deleted = false;

  bool operator==(const record_state&) const = default;
};

/// A record that has a row.
struct live_record {
  record_id record;
  /// Its newest entry; none while it is pending only.
  sequence_number latest;
};

/// Each record's version and newest entry: beside the row where there is one
/// (lockstep_identity), else as a tombstone; for models without a table in
/// lockstep_record. A tombstone stays below a row that was made again: whoever
/// leads may have forgotten it, and begun the record anew, where this log has
/// not; and if it is cut, that counts again. Throws SQLite::Exception.
class record_index {
public:
  record_index(statement_cache& statements, const tracked_tables& tables)
    : statements_(statements), tables_(tables) {
  }

  [[nodiscard]] record_state find(std::string_view model, record_id record);

  /// A state without version forgets the record, or what it was since it was
  /// made again.
  void store(std::string_view model, record_id record,
             const record_state& state);

  /// The same for a record's first entry.
  void store_first(std::string_view model, record_id record,
                   sequence_number at);

  /// Forgets all records that were deleted.
  void forget_deleted();

  /// How many live records there are, of all models.
  [[nodiscard]] std::uint64_t count();

  /// All records of a table that have a row, as far as the log knows.
  [[nodiscard]] std::vector<live_record>
  live_of(const tracked_table_schema& schema);

  /// How many live records of a model without a table there are.
  [[nodiscard]] std::uint64_t count(std::string_view model);

  /// The newest entries of all live records of a model without a table.
  [[nodiscard]] std::vector<sequence_number> latest_of(std::string_view model);

  /// The same with what stands of them; also those that were deleted.
  [[nodiscard]] std::vector<std::pair<record_id, record_state>>
  all_of(std::string_view model);

  /// Moves what is known of a model's records to the table that is tracked for
  /// it from now on.
  void adopt(const tracked_table_schema& schema);

  /// The other way round, for a table that is tracked no more.
  void give_up(const tracked_table_schema& schema);

private:
  void store_tracked(std::int64_t model, record_id record,
                     const record_state& state);
  void store_live(std::int64_t model, record_id record,
                  const record_state& state);

  statement_cache& statements_;
  const tracked_tables& tables_;
};

} // namespace lockstep
