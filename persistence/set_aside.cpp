#include "persistence/library_applier.hpp"

#include <stdexcept>

namespace lockstep {

namespace {

/// Records whose rows refer to rows that are not there.
std::vector<record_key> orphans(library_store& store) {
  std::vector<record_key> found;
  SQLite::Statement broken{*store.database,
                           "SELECT DISTINCT \"table\", rowid FROM"
                           " pragma_foreign_key_check"};
  while (broken.executeStep()) {
    const auto* schema = store.tables.by_table(broken.getColumn(0).getString());
    if (schema == nullptr || broken.isColumnNull(1))
      continue;
    SQLite::Statement row{*store.database,
                          "SELECT " + sql_name(schema->key_column) + " FROM "
                            + sql_name(schema->table) + " WHERE rowid = ?"};
    row.bind(1, broken.getColumn(1).getInt64());
    if (row.executeStep())
      if (auto record = record_of(row.getColumn(0)))
        found.emplace_back(schema->model, *record);
  }
  return found;
}

} // namespace

void library_applier::set_aside(sequence_number at, const std::string& reason) {
  auto row = store_.statements.use("INSERT OR REPLACE INTO lockstep_set_aside("
                                   "sequence, reason) VALUES(?, ?)");
  row->bind(1, static_cast<std::int64_t>(at.value));
  row->bind(2, reason);
  row->exec();
}

void library_applier::set_orphans_aside() {
  while (store_.breaks_foreign_key()) {
    const auto list = orphans(store_);
    if (list.empty())
      return; // A table that is not synced; the commit will say so.
    for (const auto& [model, record] : list) {
      store_.show(model, record, change_type::remove, {});
      set_aside(store_.index.find(model, record).latest,
                "The row refers to one that is not there.");
    }
  }
}

void library_applier::retry_set_aside() {
  std::vector<sequence_number> waiting;
  {
    auto rows = store_.statements.use("SELECT sequence FROM lockstep_set_aside"
                                      " ORDER BY sequence");
    while (rows->executeStep())
      waiting.emplace_back(
        static_cast<std::uint64_t>(rows->getColumn(0).getInt64()));
  }
  for (auto at : waiting)
    if (fits_now(at)) {
      auto row = store_.statements.use(
        "DELETE FROM lockstep_set_aside WHERE sequence = ?");
      row->bind(1, static_cast<std::int64_t>(at.value));
      row->exec();
    }
}

bool library_applier::fits_now(sequence_number at) {
  auto found = store_.log.at(at);
  if (!found)
    throw std::runtime_error{found.error().message};
  const auto& what = *found;
  // Superseded, or the record's pending row stands there: nothing to show.
  if (!what || store_.index.find(what->model, what->record).latest != at
      || store_.pending.has(what->model, what->record))
    return true;
  savepoint one{store_};
  if (!show_together(store_,
                     {{what->model, what->record, what->change, what->data}})
         .empty()
      || store_.breaks_foreign_key())
    return false;
  one.release();
  return true;
}

} // namespace lockstep
