#include "persistence/tracked_tables.hpp"

#include "messages/operation.hpp"
#include "persistence/capture_triggers.hpp"

#include <SQLiteCpp/Statement.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

#include <sqlite3.h>

namespace lockstep {

namespace {

std::vector<std::string> names_in(const std::string& json) {
  return nlohmann::json::parse(json).get<std::vector<std::string>>();
}

key_kind kind_in(const std::string& name) {
  if (const auto kind = parse_key_kind(name))
    return *kind;
  throw SQLite::Exception{"lockstep_model has an unknown kind of key",
                          SQLITE_CORRUPT};
}

bool same_names(const std::vector<std::string>& a,
                const std::vector<std::string>& b) {
  return std::set<std::string>{a.begin(), a.end()}
         == std::set<std::string>{b.begin(), b.end()};
}

/// Columns that changed their names and nothing else keep their places.
void recognise_renamed(const std::vector<std::string>& before,
                       tracked_table_schema& schema) {
  if (before.size() != schema.columns.size())
    return;
  auto was_there = [&](const std::string& name) {
    return std::find(before.begin(), before.end(), name) != before.end();
  };
  for (std::size_t i = 0; i < before.size(); ++i)
    if (auto& now = schema.columns[i];
        !was_there(now.name) && schema.find(before[i]) == nullptr)
      now.earlier_name = before[i];
}

} // namespace

tracked_tables::tracked_tables(SQLite::Database& database)
  : database_(database) {
}

std::int64_t tracked_tables::schema_version() {
  if (!version_)
    version_
      = std::make_unique<SQLite::Statement>(database_, "PRAGMA schema_version");
  version_->executeStep();
  const auto version = version_->getColumn(0).getInt64();
  version_->reset();
  return version;
}

std::vector<tracked_tables::model_row> tracked_tables::model_rows() {
  std::vector<model_row> list;
  SQLite::Statement rows{database_,
                         "SELECT id, name, table_name, key_kind, key_columns,"
                         " excluded, columns FROM lockstep_model ORDER BY id"};
  while (rows.executeStep()) {
    model_row row{rows.getColumn(0).getInt64(),
                  rows.getColumn(1).getString(),
                  rows.getColumn(2).getString(),
                  kind_in(rows.getColumn(3).getString()),
                  names_in(rows.getColumn(4).getString()),
                  names_in(rows.getColumn(5).getString()),
                  {},
                  {}};
    for (const auto& column :
         nlohmann::json::parse(rows.getColumn(6).getString())) {
      row.column_order.push_back(column.at(0).get<std::string>());
      row.columns[row.column_order.back()] = column.at(1).get<std::string>();
    }
    list.push_back(std::move(row));
  }
  return list;
}

tracked_table_schema tracked_tables::schema_of(model_row& row) {
  auto read = read_table_schema(database_, row.table, row.excluded);
  if (!read)
    if (auto renamed = table_of_triggers(database_, row.id); !renamed.empty()) {
      row.table = renamed;
      read = read_table_schema(database_, row.table, row.excluded);
    }
  tracked_table_schema schema;
  // A table whose rows are told apart in another way now is another table.
  if (read && read->kind == row.kind
      && (row.kind == key_kind::integer
          || read->key_columns.size() == row.key_columns.size()))
    schema = std::move(*read);
  else
    schema.present = false;
  schema.id = row.id;
  schema.model = row.model;
  if (!schema.present) {
    schema.table = row.table;
    schema.kind = row.kind;
    schema.key_columns = row.key_columns;
    return schema;
  }
  for (auto& column : schema.columns)
    if (auto known = row.columns.find(column.name); known != row.columns.end())
      column.earlier_name = known->second;
  recognise_renamed(row.column_order, schema);
  return schema;
}

void tracked_tables::load() {
  std::map<std::int64_t, std::unique_ptr<tracked_table_schema>> tables;
  for (auto& row : model_rows())
    tables.emplace(row.id,
                   std::make_unique<tracked_table_schema>(schema_of(row)));
  tables_ = std::move(tables);
  seen_version_ = -1;
}

std::vector<table_change> tracked_tables::refresh() {
  if (schema_version() == seen_version_)
    return {};
  std::vector<table_change> changes;
  auto rows = model_rows();
  std::map<std::int64_t, std::unique_ptr<tracked_table_schema>> tables;
  for (auto& row : rows) {
    const auto before = row.column_order;
    auto schema = std::make_unique<tracked_table_schema>(schema_of(row));
    table_change change{schema.get(), false, false, {}};
    if (schema->present) {
      const auto found = ensure_triggers(database_, *schema);
      change.made_anew = found == noting_triggers::none;
      change.unobserved = found == noting_triggers::some;
      for (const auto& column : schema->columns)
        if (!before.empty()
            && std::find(before.begin(), before.end(), column.name)
                 == before.end())
          change.new_columns.push_back(column.name);
      std::vector<std::string> now;
      for (const auto& column : schema->columns)
        now.push_back(column.name);
      if (now != before)
        keep_columns(*schema);
      if (change.made_anew || change.unobserved || !change.new_columns.empty())
        changes.push_back(std::move(change));
    }
    tables.emplace(row.id, std::move(schema));
  }
  tables_ = std::move(tables);
  seen_version_ = schema_version();
  return changes;
}

void tracked_tables::keep_columns(const tracked_table_schema& schema) {
  auto columns = nlohmann::json::array();
  for (const auto& column : schema.columns)
    columns.push_back({column.name, column.earlier_name});
  SQLite::Statement row{database_, "UPDATE lockstep_model SET table_name = ?,"
                                   " key_columns = ?, columns = ? WHERE id ="
                                   " ?"};
  row.bind(1, schema.table);
  row.bind(2, nlohmann::json(schema.key_columns).dump());
  row.bind(3, columns.dump());
  row.bind(4, schema.id);
  row.exec();
}

std::optional<failure>
tracked_tables::key_refusal(const tracked_table_schema& schema) const {
  if (schema.kind != key_kind::natural)
    return std::nullopt;
  for (const auto& name : schema.key_columns) {
    const auto* column = schema.find(name);
    if (column != nullptr && !column->refers_to.empty()
        && by_table(column->refers_to) == nullptr)
      return failure{errc::invalid_argument,
                     "The key of the table \"" + schema.table
                       + "\" refers to the table \"" + column->refers_to
                       + "\", which is not tracked; track that one first."};
  }
  return std::nullopt;
}

expected<const tracked_table_schema*>
tracked_tables::track(const std::string& table, std::string model,
                      const std::vector<std::string>& excluded) {
  if (const auto* known = by_table(table)) {
    if (!known->present)
      return fail(errc::not_found, complaint_of_gone(*known));
    if ((!model.empty() && model != known->model)
        || (!excluded.empty() && !same_names(excluded, excluded_of(known->id))))
      return fail(errc::already_exists,
                  "The table \"" + known->table
                    + "\" is tracked already, as model \"" + known->model
                    + "\"; its model and excluded columns cannot be changed.");
    return known;
  }
  auto read = read_table_schema(database_, table, excluded);
  if (!read)
    return tl::make_unexpected(read.error());
  if (model.empty())
    model = read->table;
  if (std::string_view{model}.starts_with(own_model_prefix)
      || model == bulk_model || by_model(model) != nullptr)
    return fail(errc::already_exists, "The model name \"" + model
                                        + "\" is taken; choose another one.");
  if (auto why = key_refusal(*read))
    return tl::make_unexpected(std::move(*why));
  SQLite::Statement insert{
    database_, "INSERT INTO lockstep_model(name, table_name, key_kind,"
               " key_columns, excluded) VALUES(?, ?, ?, ?, ?)"};
  insert.bind(1, model);
  insert.bind(2, read->table);
  insert.bind(3, std::string{to_string(read->kind)});
  insert.bind(4, nlohmann::json(read->key_columns).dump());
  insert.bind(5, nlohmann::json(excluded).dump());
  insert.exec();
  read->id = database_.getLastInsertRowid();
  read->model = std::move(model);
  keep_columns(*read);
  ensure_triggers(database_, *read);
  seen_version_ = schema_version();
  const auto id = read->id;
  auto kept = std::make_unique<tracked_table_schema>(std::move(*read));
  return tables_.emplace(id, std::move(kept)).first->second.get();
}

expected<tracked_table_schema>
tracked_tables::untrack(const std::string& table) {
  const auto* known = by_table(table);
  if (known == nullptr)
    return fail(errc::not_found,
                "The table \"" + table + "\" is not tracked; check the name.");
  for (const auto& [id, other] : tables_)
    if (other->kind == key_kind::natural && other.get() != known)
      for (const auto& column : other->columns)
        if (is_same_name(column.refers_to, known->table)
            && other->is_key(column.name))
          return fail(errc::constraint, "The key of the tracked table \""
                                          + other->table + "\" refers to \""
                                          + known->table
                                          + "\"; untrack that one first.");
  const auto schema = *known;
  drop_triggers(database_, schema.id);
  SQLite::Statement row{database_, "DELETE FROM lockstep_model WHERE id = ?"};
  row.bind(1, schema.id);
  row.exec();
  tables_.erase(schema.id);
  seen_version_ = schema_version();
  return schema;
}

std::vector<std::string> tracked_tables::excluded_of(std::int64_t id) {
  SQLite::Statement row{database_,
                        "SELECT excluded FROM lockstep_model WHERE id = ?"};
  row.bind(1, id);
  row.executeStep();
  return names_in(row.getColumn(0).getString());
}

const tracked_table_schema*
tracked_tables::by_model(std::string_view model) const {
  for (const auto& [id, schema] : tables_)
    if (schema->model == model)
      return schema.get();
  return nullptr;
}

const tracked_table_schema* tracked_tables::by_id(std::int64_t id) const {
  auto found = tables_.find(id);
  return found == tables_.end() ? nullptr : found->second.get();
}

const tracked_table_schema*
tracked_tables::by_table(std::string_view table) const {
  for (const auto& [id, schema] : tables_)
    if (is_same_name(schema->table, table))
      return schema.get();
  return nullptr;
}

std::string complaint_of_gone(const tracked_table_schema& schema) {
  return "The tracked table \"" + schema.table
         + "\" is gone, or other columns tell its rows apart now; make it"
           " again as it was, and it gets its rows back, or untrack it.";
}

std::vector<const tracked_table_schema*> tracked_tables::all() const {
  std::vector<const tracked_table_schema*> list;
  for (const auto& [id, schema] : tables_)
    list.push_back(schema.get());
  return list;
}

} // namespace lockstep
