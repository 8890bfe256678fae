#include "persistence/tracked_tables.hpp"

#include "messages/operation.hpp"

#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

namespace lockstep {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x))
           == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string literal(std::string_view text) {
  std::string out = "'";
  for (char c : text)
    out += c == '\'' ? std::string{"''"} : std::string{c};
  return out + "'";
}

/// Whether the column alone is the primary key or has a UNIQUE index.
bool is_unique_column(SQLite::Database& database, const std::string& table,
                      const std::string& column) {
  SQLite::Statement alone{
    database,
    "SELECT EXISTS(SELECT 1 FROM pragma_index_list(?1) list WHERE "
    "list.\"unique\""
    " AND NOT list.partial AND (SELECT count(*) = 1 AND min(name) = ?2"
    " FROM pragma_index_info(list.name)))"
    " OR (SELECT count(*) = 1 AND min(name) = ?2 FROM pragma_table_info(?1)"
    " WHERE pk > 0)"};
  alone.bind(1, table);
  alone.bind(2, column);
  alone.executeStep();
  return alone.getColumn(0).getInt() != 0;
}

bool may_hold_uuids(const std::string& name, const std::string& type) {
  std::string upper = type;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return equal_ignoring_case(name, "uuid") || equal_ignoring_case(name, "guid")
         || upper.find("UUID") != std::string::npos;
}

/// Lets a program that writes a key which no other device could find hear of
/// it at once.
std::string refuse_key(const std::string& key) {
  const auto value = "NEW." + key;
  std::string digits;
  for (int i = 0; i < 36; ++i)
    digits += i == 8 || i == 13 || i == 18 || i == 23 ? "-" : "[0-9a-f]";
  return "SELECT RAISE(ABORT, 'a synced row needs a UUID in lower case with"
         " dashes, or 16 bytes, as its key') WHERE CASE typeof("
         + value + ") WHEN 'blob' THEN length(" + value
         + ") <> 16 WHEN 'text' THEN " + value + " NOT GLOB '" + digits
         + "' ELSE 1 END; ";
}

} // namespace

std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (char c : name)
    out += c == '"' ? std::string{"\"\""} : std::string{c};
  return out + "\"";
}

std::optional<record_id> record_of(const SQLite::Column& key) {
  if (key.getType() == SQLITE_BLOB && key.getBytes() == 16) {
    record_id id;
    std::memcpy(id.bytes.data(), key.getBlob(), 16);
    return id;
  }
  if (key.getType() != SQLITE_TEXT)
    return std::nullopt;
  const std::string_view text{key.getText(),
                              static_cast<std::size_t>(key.getBytes())};
  auto id = parse_id<record_id>(text);
  // Only the form that a delete elsewhere would look for.
  return id && to_string(*id) == text ? id : std::nullopt;
}

const tracked_column*
tracked_table_schema::find(std::string_view column) const {
  for (const auto& candidate : columns)
    if (candidate.name == column)
      return &candidate;
  return nullptr;
}

tracked_tables::tracked_tables(SQLite::Database& database)
  : database_(database) {
}

void tracked_tables::load() {
  tables_.clear();
  SQLite::Statement rows{database_, "SELECT id, name, table_name, excluded"
                                    " FROM lockstep_model ORDER BY id"};
  while (rows.executeStep()) {
    const auto excluded = nlohmann::json::parse(rows.getColumn(3).getString())
                            .get<std::vector<std::string>>();
    auto schema = read_schema(rows.getColumn(2).getString(), excluded);
    if (!schema)
      continue;
    schema->id = rows.getColumn(0).getInt64();
    schema->model = rows.getColumn(1).getString();
    tables_.emplace(schema->id,
                    std::make_unique<tracked_table_schema>(std::move(*schema)));
  }
}

expected<const tracked_table_schema*>
tracked_tables::track(const std::string& table, std::string model,
                      const std::vector<std::string>& excluded) {
  if (const auto* known = by_table(table)) {
    auto same = std::set<std::string>{excluded.begin(), excluded.end()};
    if ((!model.empty() && model != known->model)
        || (!excluded.empty() && same != excluded_of(known->id)))
      return fail(errc::already_exists,
                  "The table \"" + known->table
                    + "\" is tracked already, as model \"" + known->model
                    + "\"; its model and excluded columns cannot be changed.");
    return known;
  }
  if (model.empty())
    model = table;
  if (std::string_view{model}.starts_with(own_model_prefix)
      || model == bulk_model || by_model(model) != nullptr)
    return fail(errc::already_exists, "The model name \"" + model
                                        + "\" is taken; choose another one.");
  auto schema = read_schema(table, excluded);
  if (!schema)
    return tl::make_unexpected(schema.error());
  SQLite::Statement insert{
    database_, "INSERT INTO lockstep_model(name, table_name, key_kind,"
               " key_columns, excluded) VALUES(?, ?, 'uuid', ?, ?)"};
  insert.bind(1, model);
  insert.bind(2, schema->table);
  insert.bind(3, nlohmann::json::array({schema->key_column}).dump());
  insert.bind(4, nlohmann::json(excluded).dump());
  insert.exec();
  schema->id = database_.getLastInsertRowid();
  schema->model = std::move(model);
  make_triggers(*schema);
  const auto id = schema->id;
  auto kept = std::make_unique<tracked_table_schema>(std::move(*schema));
  return tables_.emplace(id, std::move(kept)).first->second.get();
}

std::set<std::string> tracked_tables::excluded_of(std::int64_t id) {
  SQLite::Statement row{database_,
                        "SELECT excluded FROM lockstep_model WHERE id = ?"};
  row.bind(1, id);
  row.executeStep();
  return nlohmann::json::parse(row.getColumn(0).getString())
    .get<std::set<std::string>>();
}

expected<tracked_table_schema>
tracked_tables::read_schema(const std::string& table,
                            const std::vector<std::string>& excluded) {
  tracked_table_schema schema;
  SQLite::Statement found{database_,
                          "SELECT name FROM sqlite_schema WHERE type = 'table'"
                          " AND name = ? COLLATE NOCASE"};
  found.bind(1, table);
  if (!found.executeStep())
    return fail(errc::not_found, "There is no table \"" + table
                                   + "\"; create it first, or check the name.");
  schema.table = found.getColumn(0).getString();
  if (schema.table.starts_with("lockstep_")
      || schema.table.starts_with("sqlite_"))
    return fail(errc::invalid_argument,
                "The table \"" + schema.table
                  + "\" is not the application's and cannot be tracked.");
  SQLite::Statement columns{
    database_, "SELECT name, type, hidden, \"notnull\", dflt_value IS NULL"
               " FROM pragma_table_xinfo(?)"};
  columns.bind(1, schema.table);
  while (columns.executeStep()) {
    const auto name = columns.getColumn(0).getString();
    const auto type = columns.getColumn(1).getString();
    if (columns.getColumn(2).getInt() != 0)
      continue; // generated: every device computes it for itself
    if (schema.key_column.empty() && may_hold_uuids(name, type)
        && is_unique_column(database_, schema.table, name)) {
      schema.key_column = name;
      schema.binary_key = equal_ignoring_case(type, "BLOB");
    } else if (std::find(excluded.begin(), excluded.end(), name)
               != excluded.end()) {
      if (columns.getColumn(3).getInt() != 0
          && columns.getColumn(4).getInt() != 0)
        return fail(errc::invalid_argument,
                    "The column \"" + name
                      + "\" cannot be excluded: it must not be NULL and has no"
                        " default for rows of other devices; give it one.");
      schema.local_columns.push_back(name);
      continue;
    }
    schema.columns.push_back({name, equal_ignoring_case(type, "JSON")});
  }
  if (schema.key_column.empty())
    return fail(errc::invalid_argument,
                "The table \"" + schema.table
                  + "\" cannot be tracked: it has no unique column named"
                    " \"uuid\" or declared UUID that tells its rows apart on"
                    " all devices; add one.");
  for (const auto& name : excluded) {
    if (name == schema.key_column)
      return fail(errc::invalid_argument,
                  "The column \"" + name
                    + "\" is the key and cannot be excluded.");
    if (schema.find(name) == nullptr
        && std::find(schema.local_columns.begin(), schema.local_columns.end(),
                     name)
             == schema.local_columns.end())
      return fail(errc::not_found, "The table \"" + schema.table
                                     + "\" has no column \"" + name
                                     + "\" to exclude; check the name.");
  }
  return schema;
}

void tracked_tables::make_triggers(const tracked_table_schema& schema) {
  const auto id = std::to_string(schema.id);
  const auto key = sql_name(schema.key_column);
  const std::string when
    = " WHEN (SELECT applying FROM lockstep_state) = 0 BEGIN ";
  const std::string note = "INSERT INTO lockstep_touched(model, key, changed) ";
  auto create = [&](const std::string& event, const std::string& body) {
    database_.exec("CREATE TRIGGER " + sql_name("lockstep_" + event + "_" + id)
                   + " AFTER " + event + " ON " + sql_name(schema.table) + when
                   + body + "END");
  };
  // A change of type or of case alone is a change too.
  std::string changed = "''";
  for (const auto& column : schema.columns) {
    const auto old_value = "OLD." + sql_name(column.name);
    const auto new_value = "NEW." + sql_name(column.name);
    changed += " || iif(" + old_value + " IS " + new_value
               + " COLLATE BINARY AND typeof(" + old_value + ") = typeof("
               + new_value + "), '', " + literal(column.name) + " || char(31))";
  }
  const auto check = refuse_key(key);
  create("insert",
         check + note + "VALUES(" + id + ", NEW." + key + ", NULL); ");
  create("update", check + note + "SELECT " + id + ", OLD." + key
                     + ", NULL WHERE OLD." + key + " IS NOT NEW." + key + "; "
                     + note + "VALUES(" + id + ", NEW." + key + ", " + changed
                     + "); ");
  create("delete", note + "VALUES(" + id + ", OLD." + key + ", NULL); ");
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
    if (equal_ignoring_case(schema->table, table))
      return schema.get();
  return nullptr;
}

std::vector<const tracked_table_schema*> tracked_tables::all() const {
  std::vector<const tracked_table_schema*> list;
  for (const auto& [id, schema] : tables_)
    list.push_back(schema.get());
  return list;
}

} // namespace lockstep
