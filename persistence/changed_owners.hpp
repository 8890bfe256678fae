#pragma once

#include "persistence/noted_key.hpp"
#include "persistence/row_keys.hpp"
#include "persistence/statement_cache.hpp"
#include "persistence/tracked_tables.hpp"

#include <cstdint>
#include <set>

namespace lockstep {

/// Notes that a record's row may have changed, whatever its key is by now.
/// Throws SQLite::Exception. In a transaction.
void note_record(statement_cache& statements,
                 const tracked_table_schema& schema, record_id record);

/// Numbers that have gone from one record to another. A row that refers to a
/// number stands for one that refers to the record, so it has changed then,
/// although nobody wrote it: it is noted as well. That can be where a table has
/// an INTEGER PRIMARY KEY and a UUID. Throws SQLite::Exception. In a
/// transaction.
class changed_owners {
public:
  changed_owners(statement_cache& statements, const tracked_tables& tables,
                 row_keys& keys)
    : statements_(statements), tables_(tables), keys_(keys) {
  }

  /// Whether that can be in any table at all.
  bool are_possible();

  /// Looks at the row that a note is about, before its record is asked for.
  void look_at(const tracked_table_schema& schema, const noted_key& key);

private:
  void note_referring(const tracked_table_schema& parent, std::int64_t number);
  void note_rows(const tracked_table_schema& child,
                 const tracked_column& column, std::int64_t number);

  statement_cache& statements_;
  const tracked_tables& tables_;
  row_keys& keys_;
  std::int64_t version_ = -1;
  /// Tables of such a kind that others refer to.
  std::set<std::int64_t> exposed_;
};

} // namespace lockstep
