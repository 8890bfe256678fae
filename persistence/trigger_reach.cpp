#include "persistence/trigger_reach.hpp"

#include "persistence/capture_triggers.hpp"
#include "persistence/changed_owners.hpp"
#include "persistence/library_store.hpp"
#include "persistence/rows_together.hpp"
#include "persistence/set_aside.hpp"
#include "persistence/statement_authorizer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

namespace lockstep {

namespace {

struct found_reach {
  const tracked_tables& tables;
  bool reaches = false;
  std::set<std::int64_t> moved;
};

/// So many notes are read at a time.
constexpr std::int64_t undone_at_once = 2'000;

/// SQLite's authorizer callback; it only looks.
int look(void* context, int action, const char* subject, const char* detail,
         const char*, const char* trigger) {
  auto& found = *static_cast<found_reach*>(context);
  if (trigger == nullptr || std::string_view{trigger}.starts_with(own_prefix)
      || (action != SQLITE_DELETE && action != SQLITE_UPDATE))
    return SQLITE_OK;
  const auto* schema = found.tables.by_table(subject);
  if (schema == nullptr)
    return SQLITE_OK;
  if (action == SQLITE_DELETE) {
    found.reaches = true;
  } else if (names_number(*schema, detail)) {
    found.reaches = true;
    found.moved.insert(schema->id);
  }
  return SQLITE_OK;
}

std::string sets_itself(const tracked_table_schema& schema) {
  std::string list;
  for (const auto& column : schema.columns)
    list += (list.empty() ? "" : ", ") + sql_name(column.name) + " = "
            + sql_name(column.name);
  return "UPDATE " + sql_name(schema.table) + " SET " + list;
}

/// Whether rows that refer to one of the table's go with it, or lose that.
bool takes_along(SQLite::Database& database, const std::string& table) {
  SQLite::Statement actions{
    database, "SELECT 1 FROM sqlite_schema t, pragma_foreign_key_list(t.name) f"
              " WHERE t.type = 'table' AND f.\"table\" = ? COLLATE NOCASE AND"
              " f.on_delete NOT IN ('NO ACTION', 'RESTRICT') LIMIT 1"};
  actions.bind(1, table);
  return actions.executeStep();
}

} // namespace

void trigger_reach::look_at_schema() {
  if (version_ == store_.tables.seen_version())
    return;
  version_ = store_.tables.seen_version();
  known_.clear();
  anywhere_.reset();
  moved_.clear();
  SQLite::Statement row{*store_.database,
                        "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND"
                        " name NOT LIKE 'lockstep\\_%' ESCAPE '\\' LIMIT 1"};
  any_triggers_ = row.executeStep();
}

bool trigger_reach::has_any_trigger() {
  look_at_schema();
  return any_triggers_;
}

bool trigger_reach::is_anywhere() {
  look_at_schema();
  if (!anywhere_) {
    anywhere_ = false;
    for (const auto* table : store_.tables.all())
      for (const auto change : {change_type::update, change_type::remove})
        anywhere_ = of(*table, change) || *anywhere_;
  }
  return *anywhere_;
}

bool trigger_reach::moves(const tracked_table_schema& schema) {
  return is_anywhere() && moved_.contains(schema.id);
}

bool trigger_reach::of(const tracked_table_schema& schema, change_type change) {
  const bool has_trigger = has_any_trigger();
  if (!schema.present || !(has_trigger || change == change_type::remove))
    return false;
  const auto which
    = change == change_type::remove ? event::deletes : event::writes;
  const auto [known, is_new] = known_.try_emplace({schema.id, which}, false);
  if (is_new)
    known->second = probe(schema, which);
  return known->second;
}

bool trigger_reach::probe(const tracked_table_schema& schema, event which) {
  if (which == event::deletes && takes_along(*store_.database, schema.table))
    return true;
  if (!any_triggers_)
    return false;
  found_reach found{store_.tables, false, {}};
  auto* database = store_.database->getHandle();
  auto prepare = [&](const std::string& text) {
    sqlite3_stmt* statement = nullptr;
    // What cannot be prepared fails when it is to be done.
    sqlite3_prepare_v2(database, text.c_str(), -1, &statement, nullptr);
    sqlite3_finalize(statement);
  };
  sqlite3_set_authorizer(database, look, &found);
  const auto table = sql_name(schema.table);
  if (which == event::deletes) {
    prepare("DELETE FROM " + table);
  } else {
    prepare("INSERT INTO " + table + " DEFAULT VALUES");
    prepare(sets_itself(schema));
  }
  sqlite3_set_authorizer(database, authorize_statement, &store_);
  moved_.merge(found.moved);
  return found.reaches;
}

namespace {

bool is_set_aside(library_store& store, sequence_number at) {
  auto row = store.statements.use("SELECT 1 FROM lockstep_set_aside WHERE"
                                  " sequence = ?");
  row->bind(1, static_cast<std::int64_t>(at.value));
  return row->executeStep();
}

/// Whether a trigger's doing to a record is to be undone.
bool is_to_undo(library_store& store, const wanted_row& wish) {
  const auto& schema = *store.tables.by_model(wish.model);
  const auto state = store.index.find(wish.model, wish.record);
  // A row that nobody knows is one that is still to be captured, unless a
  // trigger has moved a row there.
  if (!state.version && wish.whose == standing::canonical
      && !store.reach.moves(schema))
    return false;
  return !is_shown(store, wish) && !is_set_aside(store, state.latest);
}

/// What was noted after `noted` and is not as it is to be.
std::vector<wanted_row> take_changed(library_store& store, std::int64_t noted) {
  std::vector<wanted_row> rows;
  const auto through = store.changes.newest_note();
  for (auto from = noted; from < through; from += undone_at_once)
    for (const auto& key : store.changes.take_records(
           from, std::min(from + undone_at_once, through)))
      if (auto wish = current_row(store, key); is_to_undo(store, wish))
        rows.push_back(std::move(wish));
  // What a trigger has moved away makes room first.
  std::stable_partition(rows.begin(), rows.end(), [](const wanted_row& row) {
    return row.change == change_type::remove;
  });
  return rows;
}

/// Hands on what is to be shown again: with the triggers, as others of them
/// keep an index of the rows, and without, where they would do the same again.
void show_changed(
  library_store& store, std::int64_t noted,
  const std::function<void(const std::vector<wanted_row>&)>& show) {
  if (!store.reach.is_anywhere())
    return;
  if (const auto rows = take_changed(store, noted); !rows.empty())
    show(rows);
  if (const auto rows = take_changed(store, noted); !rows.empty()) {
    const without_triggers silent{store};
    show(rows);
  }
}

} // namespace

void undo_triggers(library_store& store, std::int64_t noted) {
  show_changed(store, noted, [&](const std::vector<wanted_row>& rows) {
    for (const auto& row : show_together(store, rows))
      if (const auto& wish = rows[row.index];
          wish.whose == standing::canonical
          && wish.change != change_type::remove)
        set_aside(store, store.index.find(wish.model, wish.record).latest,
                  row.why.message);
  });
}

void undo_triggers_of_transaction(library_store& store, std::int64_t noted) {
  if (store.breaks_foreign_key())
    return;
  std::vector<wanted_row> stay;
  auto is_as_it_was = [&](const wanted_row& row) {
    savepoint one{store};
    store.set_applying(true);
    const bool fits = !show_one(store, row) && !store.breaks_foreign_key();
    store.set_applying(false);
    if (fits)
      one.release();
    return fits;
  };
  show_changed(store, noted, [&](std::vector<wanted_row> rows) {
    // Rows come back in any order, and may wait for each other.
    while (std::erase_if(rows, is_as_it_was) > 0) {}
    stay.insert(stay.end(), rows.begin(), rows.end());
  });
  for (const auto& row : stay)
    note_record(store.statements, *store.tables.by_model(row.model),
                row.record);
}

} // namespace lockstep
