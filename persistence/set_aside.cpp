#include "persistence/set_aside.hpp"

#include "persistence/image.hpp"
#include "persistence/rows_together.hpp"
#include "persistence/table_references.hpp"

#include <stdexcept>

namespace lockstep {

namespace {

/// A foreign key that some row breaks.
struct broken_reference {
  std::string table;
  std::string parent;
  std::int64_t id = 0; ///< In pragma_foreign_key_list.
};

std::vector<broken_reference> broken_references(SQLite::Database& database) {
  std::vector<broken_reference> list;
  SQLite::Statement rows{database, "SELECT DISTINCT \"table\", parent, fkid"
                                   " FROM pragma_foreign_key_check"};
  while (rows.executeStep())
    list.push_back({rows.getColumn(0).getString(),
                    rows.getColumn(1).getString(),
                    rows.getColumn(2).getInt64()});
  return list;
}

/// SQL that holds for a row `t` whose parent is not there.
std::string where_orphan(SQLite::Database& database,
                         const broken_reference& broken) {
  // A foreign key that names no columns means the parent's primary key.
  SQLite::Statement rows{database,
                         "SELECT \"from\", coalesce(\"to\", (SELECT name FROM"
                         " pragma_table_info(?1) WHERE pk = f.seq + 1)) FROM"
                         " pragma_foreign_key_list(?2) f WHERE id = ?3"};
  rows.bind(1, broken.parent);
  rows.bind(2, broken.table);
  rows.bind(3, broken.id);
  std::string given;
  std::string found;
  while (rows.executeStep()) {
    const auto child = "t." + sql_name(rows.getColumn(0).getString());
    const auto parent = "p." + sql_name(rows.getColumn(1).getString());
    given += child + " IS NOT NULL AND ";
    found += (found.empty() ? "" : " AND ") + parent + " = " + child;
  }
  return given + "NOT EXISTS(SELECT 1 FROM " + sql_name(broken.parent)
         + " p WHERE " + found + ")";
}

/// Records whose rows refer to rows that are not there.
std::vector<record_key> orphans(library_store& store) {
  std::vector<record_key> list;
  for (const auto& broken : broken_references(*store.database)) {
    const auto* schema = store.tables.by_table(broken.table);
    if (schema == nullptr)
      continue;
    SQLite::Statement rows{*store.database,
                           "SELECT " + note_of_key(*schema, "t") + " FROM "
                             + sql_name(schema->table) + " t WHERE "
                             + where_orphan(*store.database, broken)};
    while (rows.executeStep())
      if (auto key = read_note(to_sql_value(rows.getColumn(0))))
        if (auto record = store.keys.record_of(*schema, *key, {}))
          list.emplace_back(schema->model, record->id);
  }
  return list;
}

bool fits_now(library_store& store, sequence_number at) {
  auto found = store.entry_at(at);
  if (!found)
    throw std::runtime_error{found.error().message};
  const auto& what = *found;
  // Superseded, or the record's pending row stands there: nothing to show.
  if (!what || store.index.find(what->model, what->record).latest != at
      || store.pending.has(what->model, what->record))
    return true;
  savepoint one{store};
  const auto noted = store.changes.newest_note();
  const wanted_row wish{what->model, what->record, what->change, what->data,
                        standing::canonical};
  if (!show_together(store, {wish}).empty())
    return false;
  undo_triggers(store, noted);
  if (store.breaks_foreign_key()
      || (store.reach.is_anywhere() && !is_shown(store, wish)))
    return false;
  one.release();
  return true;
}

} // namespace

void set_aside(library_store& store, sequence_number at,
               const std::string& reason) {
  auto row = store.statements.use("INSERT OR REPLACE INTO lockstep_set_aside("
                                  "sequence, reason) VALUES(?, ?)");
  row->bind(1, static_cast<std::int64_t>(at.value));
  row->bind(2, reason);
  row->exec();
}

void take_from_set_aside(library_store& store, sequence_number at) {
  auto row
    = store.statements.use("DELETE FROM lockstep_set_aside WHERE sequence = ?");
  row->bind(1, static_cast<std::int64_t>(at.value));
  row->exec();
}

expected<set_aside_list> list_set_aside(library_store& store) {
  return store.attempt([&]() -> expected<set_aside_list> {
    set_aside_list found;
    auto rows = store.statements.use("SELECT sequence, reason FROM"
                                     " lockstep_set_aside ORDER BY sequence");
    while (rows->executeStep()) {
      const sequence_number at{
        static_cast<std::uint64_t>(rows->getColumn(0).getInt64())};
      auto what = store.log.at(at);
      if (!what)
        return tl::make_unexpected(what.error());
      if (*what)
        found.list.push_back(
          {std::move(**what), rows->getColumn(1).getString()});
    }
    return found;
  });
}

void set_orphans_aside(library_store& store) {
  while (store.breaks_foreign_key()) {
    const auto list = orphans(store);
    if (list.empty())
      return; // A table that is not synced; the commit will say so.
    for (const auto& [model, record] : list) {
      store.show(model, record, change_type::remove, {}, standing::canonical);
      set_aside(store, store.index.find(model, record).latest,
                "The row refers to one that is not there.");
    }
  }
}

void retry_set_aside(library_store& store) {
  std::vector<sequence_number> waiting;
  {
    auto rows = store.statements.use("SELECT sequence FROM lockstep_set_aside"
                                     " ORDER BY sequence");
    while (rows->executeStep())
      waiting.emplace_back(
        static_cast<std::uint64_t>(rows->getColumn(0).getInt64()));
  }
  for (auto at : waiting)
    if (fits_now(store, at))
      take_from_set_aside(store, at);
}

} // namespace lockstep
