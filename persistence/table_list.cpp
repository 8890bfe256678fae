#include "persistence/table_list.hpp"

#include "persistence/table_references.hpp"

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <functional>
#include <set>

namespace lockstep {

namespace {

/// Tables with rows, virtual ones among them; not what those are made of.
std::vector<std::string> names_of(SQLite::Database& database) {
  std::vector<std::string> names;
  SQLite::Statement rows{
    database, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND"
              " type IN ('table', 'virtual') AND substr(name, 1, 7) <>"
              " 'sqlite_' AND substr(name, 1, 9) <> 'lockstep_' ORDER BY name"};
  while (rows.executeStep())
    names.push_back(rows.getColumn(0).getString());
  return names;
}

std::vector<std::string> parents_first(SQLite::Database& database,
                                       const std::vector<std::string>& names) {
  std::vector<std::string> ordered;
  std::set<std::string> seen;
  std::function<void(const std::string&)> visit = [&](const std::string& name) {
    const auto known
      = std::find_if(names.begin(), names.end(),
                     [&](const auto& one) { return is_same_name(one, name); });
    if (known == names.end() || !seen.insert(*known).second)
      return;
    for (const auto& parent : parents_of(database, *known))
      visit(parent);
    ordered.push_back(*known);
  };
  for (const auto& name : names)
    visit(name);
  return ordered;
}

} // namespace

table_list list_tables(library_store& store) {
  table_list found;
  auto& database = *store.database;
  for (const auto& name : parents_first(database, names_of(database))) {
    table_list::table table{name, {}, {}};
    const auto* schema = store.tables.by_table(name);
    if (schema != nullptr && !schema->present)
      continue;
    if (schema != nullptr)
      table.model = schema->model;
    else if (auto read = read_table_schema(database, name, {}); !read)
      table.refusal = read.error().message;
    found.tables.push_back(std::move(table));
  }
  for (const auto* schema : store.tables.all())
    if (!schema->present)
      found.tables.push_back(
        {schema->table, schema->model, complaint_of_gone(*schema)});
  return found;
}

} // namespace lockstep
