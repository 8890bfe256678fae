#pragma once

#include "messages/operation.hpp"
#include "persistence/record_index.hpp"
#include "persistence/tracked_tables.hpp"

#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace lockstep {

class library_store;

/// Whether writing a row sets off triggers of the application's that may delete
/// rows of tracked tables or move them to other numbers. SQLite's authorizer
/// can keep a trigger from all else that it does there, not from that.
class trigger_reach {
public:
  explicit trigger_reach(library_store& store) : store_(store) {
  }

  /// Whether the application has any trigger at all, on whatever table. Reads
  /// them anew only once the schema has changed, like all of these.
  bool has_any_trigger();

  /// Whether that can be for any row at all.
  bool is_anywhere();

  /// Whether it may move rows of this table to other numbers.
  bool moves(const tracked_table_schema& schema);

  /// Throws SQLite::Exception.
  bool of(const tracked_table_schema& schema, change_type change);

private:
  enum class event { writes, deletes };
  bool probe(const tracked_table_schema& schema, event which);
  void look_at_schema();

  library_store& store_;
  std::int64_t version_ = -1;
  bool any_triggers_ = false;
  std::optional<bool> anywhere_;
  std::map<std::pair<std::int64_t, event>, bool> known_;
  std::set<std::int64_t> moved_;
};

/// Brings back what triggers did to rows of tracked tables while others were
/// shown (library_store::show): whatever was noted after `noted` becomes again
/// what the log and the pending operations say, but for what is set aside.
/// Whoever shows rows while applying calls it before applying ends, or what
/// triggers did would be captured. Foreign keys are the caller's to check. In a
/// transaction, while applying; throws as library_store does.
void undo_triggers(library_store& store, std::int64_t noted);

/// The same on the device that leads, for what was noted while it made another
/// device's changes. What foreign keys did to rows stays noted: those
/// cannot be as they were any more, as what they refer to is gone. In a
/// transaction; throws as library_store does.
void undo_triggers_of_transaction(library_store& store, std::int64_t noted);

} // namespace lockstep
