#include "persistence/capture_triggers.hpp"

#include "persistence/noted_key.hpp"

#include <SQLiteCpp/Statement.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace lockstep {

namespace {

/// Text that creates each thing, by the thing's name.
using definitions = std::map<std::string, std::string>;

std::string name_of(std::string_view what, std::int64_t id) {
  return std::string{own_prefix} + std::string{what} + "_" + std::to_string(id);
}

std::string changed(const std::string& name) {
  const auto before = "OLD." + name;
  const auto after = "NEW." + name;
  return before + " IS NOT " + after + " COLLATE BINARY OR typeof(" + before
         + ") <> typeof(" + after + ")";
}

/// Whether an update moves the row to another key.
std::string key_changed(const tracked_table_schema& schema) {
  std::string text;
  if (!schema.number.empty())
    text = changed(schema.number);
  if (schema.kind != key_kind::integer)
    for (const auto& column : schema.key_columns)
      text += (text.empty() ? "" : " OR ") + changed(sql_name(column));
  return text;
}

/// What the record id of a new row is made from, where the row's key does not
/// say it.
std::string mint_of(const tracked_table_schema& schema) {
  const std::string fresh = "julianday('now'), randomblob(10)";
  if (schema.kind == key_kind::integer)
    return fresh;
  if (schema.number.empty())
    return "NULL, NULL";
  std::string is_null;
  for (const auto& column : schema.key_columns)
    is_null += (is_null.empty() ? "NEW." : " OR NEW.") + sql_name(column)
               + " IS NULL";
  return "iif(" + is_null + ", julianday('now'), NULL), iif(" + is_null
         + ", randomblob(10), NULL)";
}

/// One UNIQUE index: its columns with their collations, and whether it stands
/// for the key that tells records apart.
struct unique_index {
  std::vector<std::pair<std::string, std::string>> columns;
};

std::vector<unique_index> unique_indexes(SQLite::Database& database,
                                         const tracked_table_schema& schema) {
  std::vector<unique_index> list;
  SQLite::Statement names{
    database, "SELECT name FROM pragma_index_list(?) WHERE \"unique\""};
  names.bind(1, schema.table);
  while (names.executeStep()) {
    SQLite::Statement rows{
      database, "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key"};
    rows.bind(1, names.getColumn(0).getString());
    unique_index found;
    bool is_plain = true;
    std::set<std::string> columns;
    while (rows.executeStep()) {
      is_plain = is_plain && !rows.isColumnNull(0);
      if (!is_plain)
        break;
      columns.insert(rows.getColumn(0).getString());
      found.columns.emplace_back(rows.getColumn(0).getString(),
                                 rows.getColumn(1).getString());
    }
    const std::set<std::string> key{schema.key_columns.begin(),
                                    schema.key_columns.end()};
    if (is_plain && columns != key)
      list.push_back(std::move(found));
  }
  if (schema.kind == key_kind::uuid && schema.is_numbered())
    list.push_back({{{schema.number_in_image, "BINARY"}}});
  return list;
}

/// REPLACE removes rows that stand in a new row's way, and no trigger hears of
/// it: they are noted before it does.
void add_replaced(SQLite::Database& database,
                  const tracked_table_schema& schema, definitions& made) {
  std::string body;
  std::set<std::string> columns;
  for (const auto& index : unique_indexes(database, schema)) {
    std::string where;
    for (const auto& [column, collation] : index.columns) {
      where += (where.empty() ? "" : " AND ")
               + ("\"lockstep row\"." + sql_name(column)) + " = NEW."
               + sql_name(column) + " COLLATE " + sql_name(collation);
      columns.insert(sql_name(column));
    }
    body += "INSERT INTO lockstep_touched(model, key) SELECT "
            + std::to_string(schema.id) + ", "
            + note_of_key(schema, "\"lockstep row\"") + " FROM "
            + sql_name(schema.table) + " AS \"lockstep row\" WHERE " + where
            + "; ";
  }
  if (body.empty())
    return;
  std::string list;
  for (const auto& column : columns)
    list += (list.empty() ? "" : ", ") + column;
  const std::string rest
    = " ON " + sql_name(schema.table)
      + " WHEN (SELECT applying FROM lockstep_state) = 0 BEGIN " + body + "END";
  auto add = [&](std::string_view what, const std::string& event) {
    const auto name = name_of(what, schema.id);
    made[name] = "CREATE TRIGGER " + sql_name(name) + event + rest;
  };
  add("replace", " BEFORE INSERT");
  add("collide", " BEFORE UPDATE OF " + list);
}

void add_notes(const tracked_table_schema& schema, definitions& made) {
  const auto id = std::to_string(schema.id);
  const std::string note
    = "INSERT INTO lockstep_touched(model, key, noted_at, random) ";
  auto add = [&](const std::string& event, const std::string& body) {
    const auto name = name_of(event, schema.id);
    made[name] = "CREATE TRIGGER " + sql_name(name) + " AFTER " + event + " ON "
                 + sql_name(schema.table)
                 + " WHEN (SELECT applying FROM lockstep_state) = 0 BEGIN "
                 + body + "END";
  };
  const auto after = note + "VALUES(" + id + ", " + note_of_key(schema, "NEW")
                     + ", " + mint_of(schema) + "); ";
  add("insert", after);
  add("update", note + "SELECT " + id + ", " + note_of_key(schema, "OLD")
                  + ", NULL, NULL WHERE " + key_changed(schema) + "; " + after);
  add("delete", note + "VALUES(" + id + ", " + note_of_key(schema, "OLD")
                  + ", NULL, NULL); ");
}

definitions definitions_of(SQLite::Database& database,
                           const tracked_table_schema& schema) {
  definitions made;
  add_notes(schema, made);
  add_replaced(database, schema, made);
  if (schema.number_in_image == rowid_in_image) {
    // With an index, VACUUM leaves the rowids as they are.
    const auto name = name_of("rowid", schema.id);
    made[name] = "CREATE INDEX " + sql_name(name) + " ON "
                 + sql_name(schema.table) + "(1) WHERE 0";
  }
  return made;
}

definitions definitions_there(SQLite::Database& database, std::int64_t id) {
  definitions found;
  for (const auto* what :
       {"insert", "update", "delete", "replace", "collide", "rowid"}) {
    const auto name = name_of(what, id);
    SQLite::Statement row{database,
                          "SELECT sql FROM sqlite_schema WHERE name = ? AND"
                          " type IN ('trigger', 'index')"};
    row.bind(1, name);
    if (row.executeStep())
      found[name] = row.getColumn(0).getString();
  }
  return found;
}

void drop(SQLite::Database& database, const std::string& name,
          const std::string& definition) {
  database.exec(
    (definition.starts_with("CREATE INDEX") ? "DROP INDEX " : "DROP TRIGGER ")
    + sql_name(name));
}

} // namespace

bool ensure_triggers(SQLite::Database& database,
                     const tracked_table_schema& schema) {
  const auto wanted = definitions_of(database, schema);
  const auto there = definitions_there(database, schema.id);
  const bool on_other_table
    = !there.empty() && table_of_triggers(database, schema.id) != schema.table;
  bool complete = !on_other_table;
  for (const auto& [name, text] : there)
    if (auto same = wanted.find(name);
        same == wanted.end() || same->second != text)
      drop(database, name, text);
  for (const auto& [name, text] : wanted) {
    const auto before = there.find(name);
    const bool notes = text.find(" AFTER ") != std::string::npos;
    if (before == there.end() && notes)
      complete = false;
    if (before == there.end() || before->second != text)
      database.exec(text);
  }
  return complete;
}

void drop_triggers(SQLite::Database& database, std::int64_t id) {
  for (const auto& [name, text] : definitions_there(database, id))
    drop(database, name, text);
}

std::string table_of_triggers(SQLite::Database& database, std::int64_t id) {
  SQLite::Statement row{database, "SELECT tbl_name FROM sqlite_schema WHERE"
                                  " type = 'trigger' AND name = ?"};
  row.bind(1, name_of("insert", id));
  return row.executeStep() ? row.getColumn(0).getString() : std::string{};
}

} // namespace lockstep
