#include "persistence/table_made_anew.hpp"

#include "persistence/image.hpp"
#include "persistence/missing_rows.hpp"
#include "persistence/rows_by_place.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace lockstep {

namespace {

/// Records of a table that have a row by all that is known.
std::vector<live_record> live_records(library_store& store,
                                      const tracked_table_schema& schema,
                                      const std::set<record_id>& removed) {
  std::set<record_id> pending;
  store.pending.for_each([&](const operation& what, std::int64_t) {
    if (what.model == schema.model)
      pending.insert(what.record);
  });
  auto list = store.index.live_of(schema);
  std::erase_if(list,
                [&](const auto& one) { return pending.contains(one.record); });
  for (const auto& record : pending)
    if (store.pending.newest_of(schema.model, record)->change
        != change_type::remove) {
      const auto state = store.index.find(schema.model, record);
      list.push_back(
        {record, state.deleted ? sequence_number{} : state.latest});
    }
  std::erase_if(list,
                [&](const auto& one) { return removed.contains(one.record); });
  return list;
}

/// Finds out anew which numbers the rows of a table have whose key tells them
/// apart.
void learn_numbers(library_store& store, const tracked_table_schema& schema) {
  std::vector<sql_value> notes;
  {
    SQLite::Statement rows{*store.database, "SELECT " + note_of_key(schema, "t")
                                              + " FROM " + schema.sql.table
                                              + " AS t"};
    while (rows.executeStep())
      notes.push_back(to_sql_value(rows.getColumn(0)));
  }
  for (const auto& note : notes)
    if (const auto key = read_note(note);
        key && std::holds_alternative<key_values>(*key))
      store.keys.record_of(schema, *key, {});
}

bool is_empty(library_store& store, const tracked_table_schema& schema) {
  return !SQLite::Statement{*store.database,
                            "SELECT 1 FROM " + schema.sql.table + " LIMIT 1"}
            .executeStep();
}

/// Those without a row.
std::vector<live_record> lacking(library_store& store,
                                 const tracked_table_schema& schema,
                                 std::vector<live_record> live) {
  std::erase_if(live, [&](const auto& one) {
    return store.rows.has_row(schema, one.record);
  });
  return live;
}

void fill(library_store& store, const tracked_table_schema& schema,
          const std::vector<live_record>& lacks) {
  std::set<record_id> records;
  std::vector<sequence_number> places;
  for (const auto& [record, latest] : lacks) {
    records.insert(record);
    if (const auto found = store.entry_at(latest);
        found && *found && (*found)->change != change_type::remove)
      places.push_back(latest);
  }
  std::ranges::sort(places);
  fill_from_log(store, schema, places, is_empty(store, schema),
                [&](record_id record) { return records.contains(record); });
}

} // namespace

void take_up_again(library_store& store, const tracked_table_schema& schema,
                   const std::vector<std::string>& new_columns) {
  const bool applying_before = store.is_applying();
  store.set_applying(true);
  const auto removed = store.changes.removed_of(schema);
  auto live = live_records(store, schema, removed);
  if (is_told_by_place(schema))
    find_places(store, schema, live, removed, new_columns);
  else if (schema.is_numbered() && schema.kind != key_kind::integer)
    learn_numbers(store, schema);
  const auto lacks = lacking(store, schema, std::move(live));
  store.changes.note_rows(schema, !lacks.empty());
  for (const auto& record : removed)
    note_record(store.statements, schema, record);
  store.changes.note_references_to(schema);
  if (!lacks.empty())
    fill(store, schema, lacks);
  store.set_applying(applying_before);
}

} // namespace lockstep
