#include "persistence/library_store.hpp"
#include "persistence/table_made_anew.hpp"

#include <map>
#include <utility>

namespace lockstep {

namespace {

/// Which values of columns that are new here are written over.
enum class filling {
  all_but_pending, ///< All, where the record has no pending operation.
  defaults,        ///< Those that nobody gave.
};

/// By the column's name, SQL for what it has where nobody gave it a value.
std::map<std::string, std::string> defaults_of(library_store& store,
                                               const std::string& table) {
  std::map<std::string, std::string> found;
  SQLite::Statement rows{*store.database,
                         "SELECT name, dflt_value FROM pragma_table_info(?)"};
  rows.bind(1, table);
  while (rows.executeStep())
    found[rows.getColumn(0).getString()]
      = rows.getColumn(1).isNull() ? "NULL"
                                   : "(" + rows.getColumn(1).getString() + ")";
  return found;
}

bool has(library_store& store, const tracked_table_schema& schema,
         const row_location& where, const std::string& column,
         const std::string& value) {
  auto row = store.statements.use("SELECT 1 FROM " + sql_name(schema.table)
                                  + " WHERE " + where.where + " AND "
                                  + sql_name(column) + " IS " + value);
  where.bind_to(*row);
  return row->executeStep();
}

/// Fills columns that are new here with what the log has had for them all
/// along.
void fill_in(library_store& store, const tracked_table_schema& schema,
             const std::vector<std::string>& new_columns, filling which) {
  const auto defaults = which == filling::defaults
                          ? defaults_of(store, schema.table)
                          : std::map<std::string, std::string>{};
  auto is_given = [&](const row_location& where, const std::string& column) {
    const auto value = defaults.find(column);
    return value == defaults.end()
           || !has(store, schema, where, column, value->second);
  };
  for (const auto& [record, latest] : store.index.live_of(schema)) {
    auto found = store.entry_at(latest);
    if (!found || !*found
        || (which == filling::all_but_pending
            && store.pending.has(schema.model, record)))
      continue;
    auto image = nlohmann::json::parse((*found)->data, nullptr, false);
    if (!image.is_object())
      continue;
    const auto newest = which == filling::defaults
                          ? store.pending.newest_of(schema.model, record)
                          : std::nullopt;
    if (newest && newest->change != change_type::remove)
      image.update(nlohmann::json::parse(newest->data));
    auto columns = new_columns;
    std::erase_if(columns,
                  [&](const auto& name) { return !image.contains(name); });
    if (which == filling::defaults) {
      const auto where = store.keys.locate(schema, record);
      if (!where)
        continue;
      std::erase_if(columns,
                    [&](const auto& name) { return is_given(*where, name); });
    }
    if (columns.empty())
      continue;
    try {
      store.rows.write_columns(schema, record, image, columns);
    } catch (...) {
      // What does not fit stays as the application's default has it.
      if (current_failure(store.file).code != errc::constraint)
        throw;
    }
  }
}

} // namespace

void library_store::follow_schema() {
  for (auto& change : tables.refresh()) {
    if (change.made_anew)
      take_up_again(*this, *change.schema, change.new_columns);
    else if (change.unobserved)
      changes.note_all(*change.schema);
    if (change.new_columns.empty())
      continue;
    new_columns_.push_back({change.schema->id, change.new_columns});
    // A row that is written before the rest is filled in must not take them
    // into the log as the application's default has them.
    const bool applying_before = is_applying();
    set_applying(true);
    fill_in(*this, *change.schema, change.new_columns, filling::defaults);
    set_applying(applying_before);
  }
}

void library_store::fill_new_columns() {
  if (new_columns_.empty())
    return;
  const bool applying_before = is_applying();
  set_applying(true);
  for (const auto& [id, columns] : std::exchange(new_columns_, {}))
    if (const auto* schema = tables.by_id(id); schema && schema->present)
      fill_in(*this, *schema, columns, filling::all_but_pending);
  set_applying(applying_before);
}

} // namespace lockstep
