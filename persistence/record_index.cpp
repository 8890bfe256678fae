#include "persistence/record_index.hpp"

#include <algorithm>

namespace lockstep {

namespace {

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

std::uint64_t unsigned_of(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

void bind_state(SQLite::Statement& row, std::int64_t model, record_id record,
                const record_state& state) {
  row.bind(1, model);
  bind_id(row, 2, record);
  row.bind(3, signed_of(state.version.value));
  row.bind(4, signed_of(state.latest.value));
}

} // namespace

record_state record_index::find(std::string_view model, record_id record) {
  const auto* schema = tables_.by_model(model);
  if (schema == nullptr) {
    auto row = statements_.use("SELECT version, sequence, deleted FROM"
                               " lockstep_record WHERE model = ? AND"
                               " record_id = ?");
    row->bind(1, std::string{model});
    bind_id(*row, 2, record);
    if (!row->executeStep())
      return {};
    return {version_number{unsigned_of(row->getColumn(0))},
            sequence_number{unsigned_of(row->getColumn(1))},
            row->getColumn(2).getInt() != 0};
  }
  auto row
    = statements_.use("SELECT version, sequence, 0 FROM lockstep_identity WHERE"
                      " model = ?1 AND key = ?2 UNION ALL SELECT version,"
                      " sequence, 1 FROM lockstep_tombstone WHERE model = ?1"
                      " AND record_id = ?2");
  row->bind(1, schema->id);
  bind_id(*row, 2, record);
  if (!row->executeStep())
    return {};
  return {version_number{unsigned_of(row->getColumn(0))},
          sequence_number{unsigned_of(row->getColumn(1))},
          row->getColumn(2).getInt() != 0};
}

void record_index::store(std::string_view model, record_id record,
                         const record_state& state) {
  if (const auto* schema = tables_.by_model(model)) {
    store_tracked(schema->id, record, state);
    return;
  }
  if (!state.version) {
    auto erase = statements_.use("DELETE FROM lockstep_record WHERE model = ?"
                                 " AND record_id = ?");
    erase->bind(1, std::string{model});
    bind_id(*erase, 2, record);
    erase->exec();
    return;
  }
  auto row = statements_.use("INSERT OR REPLACE INTO lockstep_record(model,"
                             " record_id, version, sequence, deleted)"
                             " VALUES(?, ?, ?, ?, ?)");
  row->bind(1, std::string{model});
  bind_id(*row, 2, record);
  row->bind(3, signed_of(state.version.value));
  row->bind(4, signed_of(state.latest.value));
  row->bind(5, state.deleted ? 1 : 0);
  row->exec();
}

void record_index::store_first(std::string_view model, record_id record,
                               sequence_number at) {
  const record_state state{version_number{1}, at, false};
  if (const auto* schema = tables_.by_model(model))
    store_live(schema->id, record, state);
  else
    store(model, record, state);
}

void record_index::store_tracked(std::int64_t model, record_id record,
                                 const record_state& state) {
  auto erase = [&](std::string_view text) {
    auto row = statements_.use(text);
    row->bind(1, model);
    bind_id(*row, 2, record);
    return row->exec() != 0;
  };
  if (state.version && !state.deleted)
    return store_live(model, record, state);
  const bool was_live
    = erase("DELETE FROM lockstep_identity WHERE model = ? AND key = ?");
  if (state.version) {
    auto row
      = statements_.use("INSERT OR REPLACE INTO lockstep_tombstone(model,"
                        " record_id, version, sequence)"
                        " VALUES(?, ?, ?, ?)");
    bind_state(*row, model, record, state);
    row->exec();
  } else if (!was_live) {
    erase("DELETE FROM lockstep_tombstone WHERE model = ? AND record_id = ?");
  }
}

void record_index::store_live(std::int64_t model, record_id record,
                              const record_state& state) {
  auto row = statements_.use("INSERT OR REPLACE INTO lockstep_identity(model,"
                             " key, version, sequence) VALUES(?, ?, ?, ?)");
  bind_state(*row, model, record, state);
  row->exec();
}

void record_index::forget_deleted() {
  statements_.use("DELETE FROM lockstep_tombstone")->exec();
  statements_.use("DELETE FROM lockstep_record WHERE deleted")->exec();
}

std::uint64_t record_index::count() {
  auto row = statements_.use("SELECT (SELECT count(*) FROM lockstep_identity) +"
                             " (SELECT count(*) FROM lockstep_record WHERE NOT"
                             " deleted)");
  row->executeStep();
  return unsigned_of(row->getColumn(0));
}

std::uint64_t record_index::count(std::string_view model) {
  auto row = statements_.use("SELECT count(*) FROM lockstep_record WHERE"
                             " model = ? AND NOT deleted");
  row->bind(1, std::string{model});
  row->executeStep();
  return unsigned_of(row->getColumn(0));
}

std::vector<live_record>
record_index::live_of(const tracked_table_schema& schema) {
  auto rows = statements_.use("SELECT key, sequence FROM lockstep_identity"
                              " WHERE model = ?");
  rows->bind(1, schema.id);
  std::vector<live_record> list;
  while (rows->executeStep()) {
    const auto record = read_id<record_id>(rows->getColumn(0));
    list.push_back({record, sequence_number{unsigned_of(rows->getColumn(1))}});
  }
  return list;
}

std::vector<sequence_number> record_index::latest_of(std::string_view model) {
  // There may be millions: SQLite would sort them in several times the memory.
  std::vector<sequence_number> list;
  list.reserve(count(model));
  auto rows = statements_.use("SELECT sequence FROM lockstep_record WHERE"
                              " model = ? AND NOT deleted");
  rows->bind(1, std::string{model});
  while (rows->executeStep())
    list.emplace_back(unsigned_of(rows->getColumn(0)));
  std::ranges::sort(list);
  return list;
}

std::vector<std::pair<record_id, record_state>>
record_index::all_of(std::string_view model) {
  auto rows
    = statements_.use("SELECT record_id, version, sequence, deleted FROM"
                      " lockstep_record WHERE model = ? ORDER BY"
                      " sequence");
  rows->bind(1, std::string{model});
  std::vector<std::pair<record_id, record_state>> list;
  while (rows->executeStep()) {
    const auto record = read_id<record_id>(rows->getColumn(0));
    list.emplace_back(
      record, record_state{version_number{unsigned_of(rows->getColumn(1))},
                           sequence_number{unsigned_of(rows->getColumn(2))},
                           rows->getColumn(3).getInt() != 0});
  }
  return list;
}

void record_index::give_up(const tracked_table_schema& schema) {
  for (const auto* text :
       {"INSERT OR REPLACE INTO lockstep_record SELECT ?2, record_id, version,"
        " sequence, 1 FROM lockstep_tombstone WHERE model = ?1",
        "INSERT OR REPLACE INTO lockstep_record SELECT ?2, key, version,"
        " sequence, 0 FROM lockstep_identity WHERE model = ?1"}) {
    auto rows = statements_.use(text);
    rows->bind(1, schema.id);
    rows->bind(2, schema.model);
    rows->exec();
  }
}

void record_index::adopt(const tracked_table_schema& schema) {
  auto move = [&](std::string_view text) {
    auto rows = statements_.use(text);
    rows->bind(1, schema.id);
    rows->bind(2, schema.model);
    rows->exec();
  };
  move("INSERT INTO lockstep_identity SELECT ?1, record_id, version, sequence"
       " FROM lockstep_record WHERE model = ?2 AND NOT deleted");
  move("INSERT INTO lockstep_tombstone SELECT ?1, record_id, version, sequence"
       " FROM lockstep_record WHERE model = ?2 AND deleted");
  auto erase = statements_.use("DELETE FROM lockstep_record WHERE model = ?");
  erase->bind(1, schema.model);
  erase->exec();
}

} // namespace lockstep
