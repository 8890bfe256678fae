#include "persistence/unique_indexes.hpp"

#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <string_view>

namespace lockstep {

namespace {

bool is_name_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '$' || byte >= 0x80;
}

/// Where the quoted text, comment or name that begins at `from` ends; one byte
/// further for anything else.
std::size_t end_of_token(std::string_view sql, std::size_t from) {
  auto after = [&](std::string_view end, std::size_t begin) {
    const auto found = sql.find(end, begin);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  const char first = sql[from];
  if (first == '\'' || first == '"' || first == '`') {
    auto end = after({&first, 1}, from + 1);
    while (end < sql.size() && sql[end] == first) // It is doubled.
      end = after({&first, 1}, end + 1);
    return end;
  }
  if (first == '[')
    return after("]", from);
  if (sql.substr(from, 2) == "--")
    return after("\n", from);
  if (sql.substr(from, 2) == "/*")
    return after("*/", from + 2);
  auto end = from + 1;
  if (is_name_byte(first))
    while (end < sql.size() && is_name_byte(sql[end]))
      ++end;
  return end;
}

/// The name that a token is; empty for what is none.
std::string name_of_token(std::string_view token) {
  const char first = token.front();
  if (is_name_byte(first))
    return std::string{token};
  if ((first != '"' && first != '`' && first != '[') || token.size() < 2)
    return {};
  const char last = token.back();
  std::string name;
  for (std::size_t i = 1; i + 1 < token.size(); ++i) {
    name += token[i];
    if (token[i] == last)
      ++i;
  }
  return name;
}

/// Without ASC or DESC at its end.
std::string without_direction(std::string_view term) {
  std::size_t last = 0;
  for (std::size_t at = 0; at < term.size();) {
    const auto end = end_of_token(term, at);
    if (is_name_byte(term[at]))
      last = at;
    at = end;
  }
  auto word = term.substr(last);
  while (!word.empty() && !is_name_byte(word.back()))
    word.remove_suffix(1);
  return std::string{is_same_name(word, "ASC") || is_same_name(word, "DESC")
                       ? term.substr(0, last)
                       : term};
}

/// Reads what an index is made of, where all its terms are columns.
unique_index read_columns(SQLite::Database& database, const std::string& name) {
  unique_index found;
  SQLite::Statement rows{
    database, "SELECT name, coll FROM pragma_index_xinfo(?) WHERE key"};
  rows.bind(1, name);
  while (rows.executeStep()) {
    index_term term{{}, rows.getColumn(1).getString(), !rows.isColumnNull(0)};
    if (term.is_column) {
      found.columns.insert(rows.getColumn(0).getString());
      term.sql = sql_name(rows.getColumn(0).getString());
    }
    found.terms.push_back(std::move(term));
  }
  return found;
}

void add_names(SQLite::Database& database, const std::string& table,
               const std::set<std::string>& names, unique_index& to) {
  SQLite::Statement rows{database, "SELECT name FROM pragma_table_xinfo(?)"};
  rows.bind(1, table);
  while (rows.executeStep()) {
    const auto column = rows.getColumn(0).getString();
    if (std::any_of(names.begin(), names.end(), [&](const auto& name) {
          return is_same_name(name, column);
        }))
      to.columns.insert(column);
  }
}

} // namespace

index_text read_index_text(const std::string& definition) {
  index_text found;
  const std::string_view sql = definition;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < sql.size();) {
    const auto end = end_of_token(sql, at);
    const char first = sql[at];
    if (first == '(' && ++depth == 1)
      begin = end;
    const bool closes = first == ')' && --depth == 0;
    if (closes || (first == ',' && depth == 1)) {
      found.terms.push_back(without_direction(sql.substr(begin, at - begin)));
      begin = end;
    }
    if (closes)
      break;
    at = end;
  }
  for (auto at = begin; at < sql.size();) {
    const auto end = end_of_token(sql, at);
    if (is_same_name(sql.substr(at, end - at), "WHERE")) {
      found.condition = sql.substr(end);
      break;
    }
    at = end;
  }
  return found;
}

std::set<std::string> names_in_expression(const std::string& sql) {
  std::set<std::string> names;
  for (std::size_t at = 0; at < sql.size();) {
    const auto end = end_of_token(sql, at);
    if (auto name = name_of_token(std::string_view{sql}.substr(at, end - at));
        !name.empty())
      names.insert(std::move(name));
    at = end;
  }
  return names;
}

std::vector<unique_index> unique_indexes_of(SQLite::Database& database,
                                            const std::string& table) {
  std::vector<unique_index> list;
  SQLite::Statement names{
    database, "SELECT l.name, s.sql FROM pragma_index_list(?) l LEFT JOIN"
              " sqlite_schema s ON s.type = 'index' AND s.name = l.name WHERE"
              " l.\"unique\" ORDER BY l.name"};
  names.bind(1, table);
  while (names.executeStep()) {
    auto found = read_columns(database, names.getColumn(0).getString());
    // Without one it is a constraint of the table's.
    const auto text = read_index_text(names.getColumn(1).getString());
    for (std::size_t i = 0; i < found.terms.size(); ++i)
      if (auto& term = found.terms[i]; !term.is_column) {
        term.sql = "(" + text.terms.at(i) + ")";
        add_names(database, table, names_in_expression(term.sql), found);
      }
    found.condition = text.condition;
    list.push_back(std::move(found));
  }
  return list;
}

} // namespace lockstep
