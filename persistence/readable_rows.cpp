#include "persistence/readable_rows.hpp"

#include "persistence/image.hpp"
#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

namespace lockstep {

bool readable_rows::read(const std::string& query,
                         std::optional<std::int64_t> stop,
                         std::optional<std::int64_t>& last,
                         const std::function<void(const row&)>& action) const {
  SQLite::Statement rows{*from_, query};
  try {
    while (rows.executeStep()) {
      const auto number = rows.getColumn(0).getInt64();
      // The other end's reading came as far as this.
      if (stop && number <= *stop)
        return true;
      row found;
      for (int i = 1; i < rows.getColumnCount(); ++i)
        found.push_back(to_sql_value(rows.getColumn(i)));
      last = number;
      action(found);
    }
    return true;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

bool readable_rows::for_each(
  const std::string& table, const std::string& columns,
  const std::function<void(const row&)>& action) const {
  if (from_ == nullptr)
    return false;
  const auto name = sql_name(table);
  std::optional<std::int64_t> last;
  try {
    const auto query = "SELECT rowid, " + columns + " FROM " + name
                       + " NOT INDEXED ORDER BY rowid";
    if (read(query, std::nullopt, last, action))
      return true;
    // What lies behind the damage is reached from the other end.
    std::optional<std::int64_t> ignored;
    read(query + " DESC", last, ignored, action);
    return false;
  } catch (const SQLite::Exception&) {
    // It has no rowid, or a column of that name.
  }
  bool whole = true;
  try {
    SQLite::Statement rows{*from_, "SELECT " + columns + " FROM " + name};
    while (rows.executeStep()) {
      row found;
      for (int i = 0; i < rows.getColumnCount(); ++i)
        found.push_back(to_sql_value(rows.getColumn(i)));
      action(found);
    }
  } catch (const SQLite::Exception&) {
    whole = false;
  }
  return whole;
}

std::vector<readable_rows::row>
readable_rows::all(const std::string& query) const {
  std::vector<row> list;
  if (from_ == nullptr)
    return list;
  try {
    SQLite::Statement rows{*from_, query};
    while (rows.executeStep()) {
      row found;
      for (int i = 0; i < rows.getColumnCount(); ++i)
        found.push_back(to_sql_value(rows.getColumn(i)));
      list.push_back(std::move(found));
    }
  } catch (const SQLite::Exception&) {
    // Those before it are all that there is.
  }
  return list;
}

std::vector<std::string>
readable_rows::columns_of(const std::string& table) const {
  std::vector<std::string> names;
  for (const auto& one : all("SELECT name FROM pragma_table_xinfo("
                             + sql_text(table) + ") WHERE hidden = 0"))
    if (const auto* name = std::get_if<std::string>(&one.front()))
      names.push_back(*name);
  return names;
}

} // namespace lockstep
