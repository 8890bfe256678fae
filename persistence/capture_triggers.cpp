#include "persistence/capture_triggers.hpp"

#include "persistence/noted_key.hpp"
#include "persistence/unique_indexes.hpp"

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

/// What REPLACE must keep unique: the table's indexes, and the rowid where the
/// record id does not come from it.
std::vector<unique_index> replaceable(SQLite::Database& database,
                                      const tracked_table_schema& schema) {
  auto list = unique_indexes_of(database, schema.table);
  if (schema.kind != key_kind::integer && !schema.number.empty())
    list.push_back({{{schema.number, "BINARY", true}}, {}, {}});
  return list;
}

/// The value of each column that may be in an index in a row that is to come,
/// as SQL; where NULL must not be, REPLACE takes the default instead.
class coming_row {
public:
  coming_row(SQLite::Database& database, const std::string& table)
    : alias_(sql_name(table)) {
    SQLite::Statement rows{database,
                           "SELECT name, iif(\"notnull\", dflt_value, NULL),"
                           " hidden FROM pragma_table_xinfo(?)"};
    rows.bind(1, table);
    while (rows.executeStep()) {
      const auto name = rows.getColumn(0).getString();
      auto value = "NEW." + sql_name(name);
      if (!rows.isColumnNull(1))
        value
          = "ifnull(" + value + ", (" + rows.getColumn(1).getString() + "))";
      values_[name] = std::move(value);
      if (rows.getColumn(2).getInt() != 0)
        generated_.insert(name);
    }
  }

  /// A term of an index.
  [[nodiscard]] std::string value(const index_term& term,
                                  const std::set<std::string>& columns) const {
    if (term.is_column)
      for (const auto& [name, text] : values_)
        if (sql_name(name) == term.sql)
          return text;
    if (term.is_column)
      return "NEW." + term.sql;
    std::string list;
    for (const auto& name : columns)
      list += (list.empty() ? "" : ", ") + values_.at(name) + " AS "
              + sql_name(name);
    return "(SELECT " + term.sql + " FROM (SELECT " + list + ") AS " + alias_
           + ")";
  }

  [[nodiscard]] bool is_generated(const std::string& column) const {
    return generated_.contains(column);
  }

private:
  std::string alias_;
  std::map<std::string, std::string> values_;
  std::set<std::string> generated_;
};

/// REPLACE removes rows that stand in a new row's way, and no trigger hears of
/// it: they are noted before it does.
void add_replaced(SQLite::Database& database,
                  const tracked_table_schema& schema, definitions& made) {
  const auto indexes = replaceable(database, schema);
  if (indexes.empty())
    return;
  const coming_row coming{database, schema.table};
  const auto table = sql_name(schema.table);
  std::set<std::string> columns;
  // Which columns an update must name for a generated one to change is not
  // said.
  bool any_update = false;
  auto notes = [&](const std::string& other_row) {
    std::string body;
    for (const auto& index : indexes) {
      std::string where;
      for (const auto& term : index.terms)
        where += (where.empty() ? "" : " AND ")
                 + (term.is_column ? table + "." + term.sql : term.sql) + " = "
                 + coming.value(term, index.columns) + " COLLATE "
                 + sql_name(term.collation);
      if (!index.condition.empty())
        where += " AND (" + index.condition + ")";
      for (const auto& name : index.columns) {
        columns.insert(sql_name(name));
        any_update = any_update || coming.is_generated(name);
      }
      body += "INSERT INTO lockstep_touched(model, key) SELECT "
              + std::to_string(schema.id) + ", " + note_of_key(schema, table)
              + " FROM " + table + " WHERE " + where + other_row + "; ";
    }
    return body;
  };
  auto add = [&](std::string_view what, const std::string& event,
                 const std::string& body) {
    const auto name = name_of(what, schema.id);
    made[name] = "CREATE TRIGGER " + sql_name(name) + " BEFORE " + event
                 + " ON " + table
                 + " WHEN (SELECT applying FROM lockstep_state) = 0 BEGIN "
                 + body + "END";
  };
  add("replace", "INSERT", notes({}));
  if (schema.kind != key_kind::integer && schema.is_numbered())
    columns.insert(schema.number);
  if (columns.empty())
    return;
  std::string list;
  for (const auto& column : columns)
    list += (list.empty() ? "" : ", ") + column;
  add("collide", any_update ? "UPDATE" : "UPDATE OF " + list,
      notes(schema.number.empty() ? std::string{}
                                  : " AND " + table + "." + schema.number
                                      + " IS NOT OLD." + schema.number));
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
  // See capture::removed_of.
  add("update", note + "SELECT " + id + ", " + note_of_key(schema, "OLD")
                  + ", NULL, x'' WHERE " + key_changed(schema) + "; " + after);
  add("delete", note + "VALUES(" + id + ", " + note_of_key(schema, "OLD")
                  + ", NULL, x''); ");
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

noting_triggers ensure_triggers(SQLite::Database& database,
                                const tracked_table_schema& schema) {
  const auto wanted = definitions_of(database, schema);
  const auto there = definitions_there(database, schema.id);
  const bool on_other_table
    = !there.empty() && table_of_triggers(database, schema.id) != schema.table;
  bool complete = !on_other_table;
  bool any = false;
  for (const auto& [name, text] : there)
    if (auto same = wanted.find(name);
        same == wanted.end() || same->second != text)
      drop(database, name, text);
  for (const auto& [name, text] : wanted) {
    const auto before = there.find(name);
    const bool notes = text.find(" AFTER ") != std::string::npos;
    if (notes) {
      complete = complete && before != there.end();
      any = any || before != there.end();
    }
    if (before == there.end() || before->second != text)
      database.exec(text);
  }
  if (complete)
    return noting_triggers::all;
  return any && !on_other_table ? noting_triggers::some : noting_triggers::none;
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
