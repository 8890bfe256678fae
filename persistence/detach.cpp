#include "persistence/detach.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <vector>

namespace lockstep {

namespace {

void forget_rows(library_store& store, std::int64_t model) {
  for (const auto* table : {"lockstep_touched", "lockstep_identity",
                            "lockstep_tombstone", "lockstep_key"}) {
    SQLite::Statement row{*store.database, std::string{"DELETE FROM "} + table
                                             + " WHERE model = ?"};
    row.bind(1, model);
    row.exec();
  }
}

std::vector<std::string> own(SQLite::Database& database,
                             const std::string& type) {
  std::vector<std::string> names;
  SQLite::Statement rows{database,
                         "SELECT name FROM sqlite_schema WHERE type = ? AND"
                         " substr(name, 1, 9) = 'lockstep_'"};
  rows.bind(1, type);
  while (rows.executeStep())
    names.push_back(rows.getColumn(0).getString());
  return names;
}

/// As noted when the file was opened first; empty where it was not.
std::string journal_before(SQLite::Database& database) {
  SQLite::Statement there{database,
                          "SELECT count(*) FROM pragma_table_info("
                          "'lockstep_state') WHERE name = 'journal_before'"};
  there.executeStep();
  if (there.getColumn(0).getInt() == 0)
    return {};
  SQLite::Statement row{database, "SELECT journal_before FROM lockstep_state"};
  return row.executeStep() ? row.getColumn(0).getString() : std::string{};
}

} // namespace

expected<untracked_table> untrack(library_store& store,
                                  const std::string& table) {
  return store.attempt([&]() -> expected<untracked_table> {
    auto schema = store.tables.untrack(table);
    if (!schema)
      return tl::make_unexpected(schema.error());
    store.index.give_up(*schema);
    // Looked at, so that it is known to be kept should this be taken back.
    store.keys.kept.find(schema->id, {});
    forget_rows(store, schema->id);
    return untracked_table{schema->table, schema->model};
  });
}

void detach(SQLite::Database& database) {
  // First, so that a crash in between leaves what says it. While another
  // program has the file open, its journal stays as it is.
  if (journal_before(database) == "delete")
    database.tryExec("PRAGMA journal_mode=DELETE");
  SQLite::Transaction all{database, SQLite::TransactionBehavior::IMMEDIATE};
  for (const auto* type : {"trigger", "index", "table"})
    for (const auto& name : own(database, type))
      database.exec("DROP " + std::string{type} + " " + sql_name(name));
  all.commit();
}

expected<void> detach(library_store& store) {
  return store.attempt([&]() -> expected<void> {
    store.statements.clear();
    store.database->exec("PRAGMA synchronous=FULL");
    detach(*store.database);
    return {};
  });
}

} // namespace lockstep
