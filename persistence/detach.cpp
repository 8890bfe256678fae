#include "persistence/detach.hpp"

#include "persistence/capture_triggers.hpp"

#include <SQLiteCpp/Statement.h>

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

std::vector<std::string> own_tables(SQLite::Database& database) {
  std::vector<std::string> names;
  SQLite::Statement rows{database,
                         "SELECT name FROM sqlite_schema WHERE type = 'table'"
                         " AND substr(name, 1, 9) = 'lockstep_'"};
  while (rows.executeStep())
    names.push_back(rows.getColumn(0).getString());
  return names;
}

std::string journal_before(SQLite::Database& database) {
  SQLite::Statement row{database, "SELECT journal_before FROM lockstep_state"};
  row.executeStep();
  return row.getColumn(0).getString();
}

} // namespace

expected<untracked_table> untrack(library_store& store,
                                  const std::string& table) {
  return store.attempt([&]() -> expected<untracked_table> {
    auto schema = store.tables.untrack(table);
    if (!schema)
      return tl::make_unexpected(schema.error());
    store.index.give_up(*schema);
    forget_rows(store, schema->id);
    return untracked_table{schema->table, schema->model};
  });
}

expected<void> detach(library_store& store) {
  if (auto begun = store.begin(durability::by_itself); !begun)
    return begun;
  auto removed = store.attempt([&]() -> expected<std::string> {
    auto journal = journal_before(*store.database);
    for (const auto* schema : store.tables.all())
      drop_triggers(*store.database, schema->id);
    store.statements.clear();
    for (const auto& name : own_tables(*store.database))
      store.database->exec("DROP TABLE " + sql_name(name));
    return journal;
  });
  if (!removed) {
    store.rollback();
    return tl::make_unexpected(removed.error());
  }
  return store.attempt([&]() -> expected<void> {
    store.database->exec("COMMIT");
    // While another program has the file open it stays as it is.
    if (*removed == "delete")
      store.database->tryExec("PRAGMA journal_mode=DELETE");
    return {};
  });
}

} // namespace lockstep
