#include "persistence/table_schema.hpp"

#include "persistence/noted_key.hpp"

#include "persistence/table_references.hpp"

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace lockstep {

namespace {

struct declared_column {
  std::string name;
  std::string type;
  bool not_null = false;
  bool has_default = false;
  int key_place = 0; ///< From 1 within the primary key; 0 outside it.
  bool generated = false;
};

/// The table as pragma_table_list describes it.
struct declared_table {
  std::string name;
  std::string type;
  bool without_rowid = false;
};

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return text;
}

bool is_any_of(std::string_view name,
               std::initializer_list<std::string_view> list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) {
    return is_same_name(one, name);
  });
}

std::optional<declared_table> find_table(SQLite::Database& database,
                                         const std::string& table) {
  SQLite::Statement found{database,
                          "SELECT name, type, wr FROM pragma_table_list"
                          " WHERE schema = 'main' AND name = ? COLLATE NOCASE"};
  found.bind(1, table);
  if (!found.executeStep())
    return std::nullopt;
  return declared_table{found.getColumn(0).getString(),
                        found.getColumn(1).getString(),
                        found.getColumn(2).getInt() != 0};
}

/// Why a thing of this type is no table whose rows could be kept in step.
bool has_triggers(SQLite::Database& database, const std::string& table) {
  SQLite::Statement row{
    database, "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND tbl_name"
              " = ?1 COLLATE NOCASE AND name NOT LIKE 'lockstep\\_%' ESCAPE"
              " '\\' LIMIT 1"};
  row.bind(1, table);
  return row.executeStep();
}

std::string refusal_of(const declared_table& found) {
  const auto name = "The table \"" + found.name + "\" ";
  if (is_any_of(found.name.substr(0, 9), {"lockstep_"})
      || is_any_of(found.name.substr(0, 7), {"sqlite_"}))
    return name + "is not the application's and cannot be tracked.";
  if (found.type == "view")
    return "\"" + found.name
           + "\" is a view; track the tables that it reads instead.";
  if (found.type == "virtual")
    return name
           + "is a virtual one, whose rows SQLite does not report; track the"
             " tables that it is filled from.";
  if (found.type == "shadow")
    return name
           + "belongs to a virtual table; track the tables that one is filled"
             " from.";
  return {};
}

std::vector<declared_column> columns_of(SQLite::Database& database,
                                        const std::string& table) {
  SQLite::Statement rows{database, "SELECT name, type, \"notnull\","
                                   " dflt_value IS NOT NULL, pk, hidden"
                                   " FROM pragma_table_xinfo(?)"};
  rows.bind(1, table);
  std::vector<declared_column> list;
  while (rows.executeStep())
    list.push_back(
      {rows.getColumn(0).getString(), rows.getColumn(1).getString(),
       rows.getColumn(2).getInt() != 0, rows.getColumn(3).getInt() != 0,
       rows.getColumn(4).getInt(), rows.getColumn(5).getInt() != 0});
  return list;
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

/// The name of the rowid that no column hides; empty when all are hidden.
std::string rowid_name(const std::vector<declared_column>& columns) {
  for (const auto* name : {"rowid", "_rowid_", "oid"})
    if (std::none_of(columns.begin(), columns.end(), [&](const auto& column) {
          return is_same_name(column.name, name);
        }))
      return name;
  return {};
}

bool is_called_uuid(const declared_column& column) {
  return is_any_of(column.name, {"uuid", "guid"})
         || upper_case(column.type).find("UUID") != std::string::npos;
}

/// Types that are made to hold a UUID.
bool is_uuid_sized(const declared_column& column) {
  auto type = upper_case(column.type);
  std::erase(type, ' ');
  return is_any_of(type, {"BLOB(16)", "BINARY(16)", "CHAR(32)", "VARCHAR(32)",
                          "CHAR(36)", "VARCHAR(36)", "TEXT(36)"});
}

/// Columns that hold the INTEGER PRIMARY KEY of another table's row, with that
/// table.
std::map<std::string, std::string> references_of(SQLite::Database& database,
                                                 const std::string& table) {
  std::map<std::string, std::string> found;
  SQLite::Statement rows{database, "SELECT \"table\", \"from\", \"to\" FROM"
                                   " pragma_foreign_key_list(?)"};
  rows.bind(1, table);
  while (rows.executeStep()) {
    const auto parent = find_table(database, rows.getColumn(0).getString());
    if (!parent || parent->type != "table")
      continue;
    const auto key = integer_key_of(database, parent->name);
    // Without a column the key is meant.
    if (key
        && (rows.isColumnNull(2)
            || is_same_name(rows.getColumn(2).getString(), *key)))
      found.emplace(rows.getColumn(1).getString(), parent->name);
  }
  return found;
}

/// A column of UUIDs that tells the rows apart.
const declared_column* uuid_column(SQLite::Database& database,
                                   const std::string& table,
                                   const std::vector<declared_column>& columns,
                                   std::size_t key_size) {
  for (const auto& column : columns) {
    const bool may_be
      = is_called_uuid(column)
        || (key_size == 1 && column.key_place == 1 && is_uuid_sized(column));
    if (!column.generated && may_be
        && is_unique_column(database, table, column.name))
      return &column;
  }
  return nullptr;
}

void choose_key(SQLite::Database& database, const declared_table& found,
                const std::vector<declared_column>& columns,
                const std::map<std::string, std::string>& references,
                tracked_table_schema& schema) {
  std::map<int, std::string> key;
  for (const auto& column : columns)
    if (column.key_place > 0)
      key.emplace(column.key_place, column.name);
  const auto integer_key = integer_key_of(database, found.name);
  // A key that is another row's key is no number of its own.
  const bool is_borrowed = integer_key && references.contains(*integer_key)
                           && references.at(*integer_key) != found.name;
  if (integer_key)
    schema.number = sql_name(*integer_key);
  else if (!found.without_rowid)
    schema.number = rowid_name(columns);
  if (integer_key && !is_borrowed)
    schema.number_in_image = *integer_key;
  if (const auto* uuid
      = uuid_column(database, found.name, columns, key.size())) {
    schema.kind = key_kind::uuid;
    schema.key_columns = {uuid->name};
    schema.binary_key = upper_case(uuid->type).starts_with("B");
  } else if (key.empty() || (integer_key && !is_borrowed)) {
    schema.kind = key_kind::integer;
    if (integer_key)
      schema.key_columns = {*integer_key};
    else
      schema.number_in_image = rowid_in_image;
  } else {
    schema.kind = key_kind::natural;
    for (const auto& [place, name] : key)
      schema.key_columns.push_back(name);
  }
}

failure cannot_exclude(const std::string& column, const std::string& why) {
  return {errc::invalid_argument,
          "The column \"" + column + "\" cannot be excluded: " + why};
}

table_texts texts_of(const tracked_table_schema& schema) {
  table_texts made;
  made.table = sql_name(schema.table);
  for (const auto& column : schema.columns)
    made.columns += (made.columns.empty() ? "" : ", ") + column.sql;
  for (const auto& column : schema.local_columns)
    made.local_columns
      += (made.local_columns.empty() ? "" : ", ") + sql_name(column);
  made.has_key = where_exactly(schema.key_columns);
  if (schema.kind == key_kind::uuid)
    for (const char* number : {"1", "2", "3"})
      made.find_uuid += std::string{made.find_uuid.empty() ? "" : " UNION ALL "}
                        + "SELECT " + number + " FROM " + made.table + " WHERE "
                        + is_exactly(sql_name(schema.key_columns.front()),
                                     "?" + std::string{number});
  return made;
}

/// What is a quote within the text is written twice.
std::string in_quotes(std::string_view text, char quote) {
  std::string out{quote};
  for (const char c : text)
    out.append(c == quote ? 2 : 1, c);
  return out += quote;
}

} // namespace

bool is_same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x))
           == std::tolower(static_cast<unsigned char>(y));
  });
}

std::string sql_name(std::string_view name) {
  return in_quotes(name, '"');
}

std::string sql_text(std::string_view text) {
  return in_quotes(text, '\'');
}

const tracked_column*
tracked_table_schema::find(std::string_view column) const {
  for (const auto& candidate : columns)
    if (candidate.name == column)
      return &candidate;
  return nullptr;
}

bool names_number(const tracked_table_schema& schema, std::string_view column) {
  return sql_name(column) == schema.number
         || (column == "ROWID" && schema.find(column) == nullptr);
}

bool tracked_table_schema::is_key(std::string_view column) const {
  return std::find(key_columns.begin(), key_columns.end(), column)
         != key_columns.end();
}

expected<tracked_table_schema>
read_table_schema(SQLite::Database& database, const std::string& table,
                  const std::vector<std::string>& excluded) {
  const auto found = find_table(database, table);
  if (!found)
    return fail(errc::not_found, "There is no table \"" + table
                                   + "\"; create it first, or check the name.");
  if (auto why = refusal_of(*found); !why.empty())
    return fail(errc::invalid_argument, why);
  tracked_table_schema schema;
  schema.table = found->name;
  const auto columns = columns_of(database, found->name);
  const auto references = references_of(database, found->name);
  choose_key(database, *found, columns, references, schema);
  if (schema.number.empty() && !found->without_rowid)
    return fail(errc::invalid_argument,
                "The table \"" + found->name
                  + "\" cannot be tracked: columns named rowid, _rowid_ and oid"
                    " hide what tells its rows apart; rename one of them.");
  auto is_excluded = [&](const std::string& name) {
    return std::any_of(excluded.begin(), excluded.end(), [&](const auto& one) {
      return is_same_name(one, name);
    });
  };
  for (const auto& column : columns) {
    if (column.generated)
      continue; // Every device computes it for itself.
    if (!is_excluded(column.name)) {
      tracked_column travels;
      travels.name = column.name;
      travels.sql = sql_name(column.name);
      travels.affinity = affinity_of(column.type);
      travels.json = is_same_name(column.type, "JSON") && column.key_place == 0
                     && !schema.is_key(column.name);
      if (const auto parent = references.find(column.name);
          parent != references.end() && column.name != schema.number_in_image)
        travels.refers_to = parent->second;
      schema.columns.push_back(std::move(travels));
      continue;
    }
    if (schema.is_key(column.name) || column.key_place > 0)
      return tl::make_unexpected(
        cannot_exclude(column.name, "it is the key, or a part of it."));
    if (column.not_null && !column.has_default)
      return tl::make_unexpected(cannot_exclude(
        column.name, "it must not be NULL and has no default for rows of other"
                     " devices; give it one."));
    schema.local_columns.push_back(column.name);
  }
  for (const auto& name : excluded)
    if (std::none_of(columns.begin(), columns.end(), [&](const auto& column) {
          return is_same_name(column.name, name);
        }))
      return fail(errc::not_found, "The table \"" + found->name
                                     + "\" has no column \"" + name
                                     + "\" to exclude; check the name.");
  schema.sql = texts_of(schema);
  schema.has_triggers = has_triggers(database, found->name);
  return schema;
}

} // namespace lockstep
