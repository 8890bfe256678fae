#include "persistence/library_store.hpp"
#include "persistence/sqlite_file.hpp"

#include <sqlite3.h>

// A write transaction on database.db, from its beginning to its end.
namespace lockstep {

expected<void> library_store::begin(durability needed) {
  bool notes_wait = false;
  auto begun = attempt([&]() -> expected<void> {
    if (durability_ != needed)
      database->exec(needed == durability::by_itself
                       ? "PRAGMA synchronous=FULL"
                       : "PRAGMA synchronous=NORMAL");
    durability_ = needed;
    statements.use("BEGIN IMMEDIATE")->exec();
    applying_ = false;
    beside_log = false;
    goes_with_log_ = needed == durability::with_log;
    try {
      defer_foreign_keys(*database);
      const auto seen = tables.seen_version();
      follow_schema();
      // New columns are filled in the transaction that finds them.
      notes_wait = tables.seen_version() != seen && new_columns_.empty()
                   && changes.newest_note() != 0;
    } catch (...) {
      rollback();
      throw;
    }
    return {};
  });
  if (!begun || !notes_wait)
    return begun;
  // Rows of a table that was made anew have their record ids from these notes:
  // made again after a crash, they would be others than the log has by then.
  return commit()
    .or_else([&](const failure&) { rollback(); })
    .and_then([&] {
      return needed == durability::with_log ? flush() : expected<void>{};
    })
    .and_then([&] { return begin(needed); });
}

expected<void> library_store::commit() {
  return attempt([&]() -> expected<void> {
    if (is_applying())
      set_applying(false);
    statements.use("COMMIT")->exec();
    draft_ = nullptr;
    may_be_lost_ = goes_with_log_ && (may_be_lost_ || beside_log);
    return {};
  });
}

expected<void> library_store::flush() {
  // A commit with synchronous=FULL takes along all that stands before it in
  // the write-ahead log. It has to write something: SQLite leaves out what
  // stays the same.
  return begin(durability::by_itself)
    .and_then([&] {
      return attempt([&]() -> expected<void> {
        set_applying(true);
        set_applying(false);
        return commit();
      });
    })
    .or_else([&](const failure&) { rollback(); });
}

void library_store::rollback() noexcept {
  draft_ = nullptr;
  if (in_transaction())
    sqlite3_exec(database->getHandle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

} // namespace lockstep
