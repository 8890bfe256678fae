#include "persistence/trigger_reach.hpp"

#include "persistence/capture_triggers.hpp"
#include "persistence/changed_owners.hpp"
#include "persistence/library_store.hpp"
#include "persistence/rows_together.hpp"
#include "persistence/set_aside.hpp"
#include "persistence/statement_authorizer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string_view>

namespace lockstep {

namespace {

struct found_reach {
  const tracked_tables& tables;
  bool reaches = false;
};

/// SQLite's authorizer callback; it only looks.
int look(void* context, int action, const char* subject, const char* detail,
         const char*, const char* trigger) {
  auto& found = *static_cast<found_reach*>(context);
  if (trigger == nullptr || std::string_view{trigger}.starts_with(own_prefix)
      || (action != SQLITE_DELETE && action != SQLITE_UPDATE))
    return SQLITE_OK;
  const auto* schema = found.tables.by_table(subject);
  if (schema != nullptr
      && (action == SQLITE_DELETE || sql_name(detail) == schema->number))
    found.reaches = true;
  return SQLITE_OK;
}

std::string sets_itself(const tracked_table_schema& schema) {
  std::string list;
  for (const auto& column : schema.columns)
    list += (list.empty() ? "" : ", ") + sql_name(column.name) + " = "
            + sql_name(column.name);
  return "UPDATE " + sql_name(schema.table) + " SET " + list;
}

} // namespace

void trigger_reach::look_at_schema() {
  if (version_ == store_.tables.seen_version())
    return;
  version_ = store_.tables.seen_version();
  known_.clear();
  anywhere_.reset();
  const auto all = store_.tables.all();
  any_triggers_ = std::any_of(all.begin(), all.end(), [](const auto* table) {
    return table->has_triggers;
  });
}

bool trigger_reach::is_anywhere() {
  look_at_schema();
  if (!anywhere_) {
    const auto all = store_.tables.all();
    anywhere_ = std::any_of(all.begin(), all.end(), [&](const auto* table) {
      return of(*table, change_type::update) || of(*table, change_type::remove);
    });
  }
  return *anywhere_;
}

bool trigger_reach::of(const tracked_table_schema& schema, change_type change) {
  look_at_schema();
  if (!any_triggers_ || !schema.present)
    return false;
  const auto which
    = change == change_type::remove ? event::deletes : event::writes;
  const auto [known, is_new] = known_.try_emplace({schema.id, which}, false);
  if (is_new)
    known->second = probe(schema, which);
  return known->second;
}

bool trigger_reach::probe(const tracked_table_schema& schema, event which) {
  found_reach found{store_.tables};
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
  return found.reaches;
}

void undo_triggers(library_store& store, std::int64_t noted) {
  auto show_all = [&](const std::vector<record_key>& records) {
    std::vector<wanted_row> rows;
    for (const auto& key : records)
      rows.push_back(current_row(store, key));
    // What only a trigger made makes room first.
    std::stable_partition(rows.begin(), rows.end(), [](const wanted_row& row) {
      return row.change == change_type::remove;
    });
    for (const auto& row : show_together(store, rows))
      if (const auto& wish = rows[row.index];
          wish.whose == standing::canonical
          && wish.change != change_type::remove)
        set_aside(store, store.index.find(wish.model, wish.record).latest,
                  row.why.message);
  };
  auto records = store.changes.take_records_after(noted);
  if (records.empty())
    return;
  // With the triggers, as others of them keep an index of the rows; without,
  // where they would do the same again.
  show_all(records);
  records = store.changes.take_records_after(noted);
  if (records.empty())
    return;
  const without_triggers silent{store};
  show_all(records);
}

void undo_triggers_of_transaction(library_store& store, std::int64_t noted) {
  if (!store.reach.is_anywhere() || store.breaks_foreign_key())
    return;
  std::vector<record_key> stay;
  auto show_all = [&](const std::vector<record_key>& records) {
    for (const auto& key : records) {
      savepoint one{store};
      store.set_applying(true);
      const bool fits = !show_one(store, canonical_row(store, key))
                        && !store.breaks_foreign_key();
      store.set_applying(false);
      if (fits)
        one.release();
      else
        stay.push_back(key);
    }
  };
  show_all(store.changes.take_records_after(noted));
  const auto again = store.changes.take_records_after(noted);
  if (!again.empty()) {
    const without_triggers silent{store};
    show_all(again);
  }
  for (const auto& [model, record] : stay)
    note_record(store.statements, *store.tables.by_model(model), record);
}

} // namespace lockstep
