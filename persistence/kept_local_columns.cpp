#include "persistence/kept_local_columns.hpp"

#include "persistence/image.hpp"

namespace lockstep {

namespace {

std::vector<record_id> pending_of(library_store& store,
                                  const tracked_table_schema& schema) {
  std::vector<record_id> list;
  auto rows = store.statements.use(
    "SELECT DISTINCT record_id FROM lockstep_pending WHERE model = ?");
  rows->bind(1, schema.model);
  while (rows->executeStep()) {
    const auto record = read_id<record_id>(rows->getColumn(0));
    list.push_back(record);
  }
  return list;
}

} // namespace

kept_local_columns::kept_local_columns(library_store& store) : store_(store) {
  for (const auto* schema : store.tables.all()) {
    if (!schema->present || schema->local_columns.empty())
      continue;
    for (const auto& record : pending_of(store, *schema)) {
      const auto where = store.keys.locate(*schema, record);
      if (!where)
        continue;
      auto row
        = store.statements.use("SELECT " + schema->sql.local_columns + " FROM "
                               + schema->sql.table + " WHERE " + where->where);
      where->bind_to(*row);
      if (!row->executeStep())
        continue;
      kept_row kept{schema->id, record, {}};
      for (int i = 0; i < row->getColumnCount(); ++i)
        kept.values.push_back(to_sql_value(row->getColumn(i)));
      rows_.push_back(std::move(kept));
    }
  }
}

void kept_local_columns::restore() {
  for (const auto& kept : rows_) {
    const auto* schema = store_.tables.by_id(kept.model);
    const auto where = store_.keys.locate(*schema, kept.record);
    if (!where)
      continue;
    const auto first = where->values.size() + 1;
    std::string set;
    for (std::size_t i = 0; i < kept.values.size(); ++i)
      set += (i == 0 ? "" : ", ") + sql_name(schema->local_columns[i]) + " = ?"
             + std::to_string(i + first);
    auto row
      = store_.statements.use("UPDATE OR ABORT " + schema->sql.table + " SET "
                              + set + " WHERE " + where->where);
    where->bind_to(*row);
    for (std::size_t i = 0; i < kept.values.size(); ++i)
      bind_value(*row, static_cast<int>(i + first), kept.values[i]);
    // Beside what the log says the value may break a constraint; then it goes.
    savepoint one{store_};
    try {
      row->exec();
      one.release();
    } catch (const SQLite::Exception& why) {
      if (!store_.in_transaction()
          || (why.getErrorCode() & 0xff) != SQLITE_CONSTRAINT)
        throw;
    }
  }
  rows_.clear();
}

} // namespace lockstep
