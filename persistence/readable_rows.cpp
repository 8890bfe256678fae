#include "persistence/readable_rows.hpp"

#include "persistence/image.hpp"
#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <algorithm>
#include <limits>

namespace lockstep {

namespace {

/// How often probing for what can be read goes on in steps of one size: it
/// passes over an eighth of what is damaged at most.
constexpr int probes_of_one_size = 8;
/// Of what SQLite answers.
constexpr int primary_code = 0xff;

void begin_at(SQLite::Statement& rows, std::int64_t rowid) {
  rows.tryReset();
  rows.bind(1, rowid);
}

std::int64_t rowid_in(const readable_rows::row& found) {
  const auto* number = std::get_if<std::int64_t>(&found.front());
  return number != nullptr ? *number : std::numeric_limits<std::int64_t>::min();
}

} // namespace

std::unique_ptr<SQLite::Statement>
readable_rows::ask(const std::string& query) const {
  if (from_ == nullptr)
    return nullptr;
  try {
    return std::make_unique<SQLite::Statement>(*from_, query);
  } catch (const SQLite::Exception&) {
    return nullptr;
  }
}

std::optional<readable_rows::row> readable_rows::next(SQLite::Statement& rows,
                                                      bool& damaged) {
  try {
    if (!rows.executeStep())
      return std::nullopt;
    row found;
    for (int i = 0; i < rows.getColumnCount(); ++i)
      found.push_back(to_sql_value(rows.getColumn(i)));
    return found;
  } catch (const SQLite::Exception&) {
    damaged = true;
    return std::nullopt;
  }
}

std::optional<std::int64_t>
readable_rows::readable_after(SQLite::Statement& rows, std::int64_t after) {
  auto is_damaged = [&](std::int64_t at) {
    bool damaged = false;
    begin_at(rows, at);
    const auto found = next(rows, damaged);
    return damaged || (found && rowid_in(*found) < at);
  };
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  auto bad = after;
  auto good = after;
  std::int64_t step = 1;
  for (int probes = 1;; ++probes) {
    if (bad > most - step)
      return std::nullopt;
    good = bad + step;
    if (!is_damaged(good))
      break;
    bad = good;
    if (probes % probes_of_one_size == 0 && step <= most / 2)
      step *= 2;
  }
  while (bad + 1 < good) {
    const auto middle = bad + (good - bad) / 2;
    (is_damaged(middle) ? bad : good) = middle;
  }
  return good;
}

bool readable_rows::for_each_by_rowid(SQLite::Statement& rows,
                                      const action& run) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  bool whole = true;
  bool has_begun = false;
  std::optional<std::int64_t> from = least;
  while (from) {
    bool damaged = false;
    auto least_next = *from;
    begin_at(rows, *from);
    while (auto found = next(rows, damaged)) {
      const auto number = rowid_in(*found);
      // Of a page whose end is missing, rows can be read that never were.
      damaged = number < least_next;
      if (damaged)
        break;
      has_begun = true;
      found->erase(found->begin());
      run(*found);
      if (number == std::numeric_limits<std::int64_t>::max())
        return whole;
      least_next = number + 1;
    }
    if (!damaged)
      return whole;
    whole = false;
    from = readable_after(rows, has_begun ? least_next - 1 : least);
    // Most tables begin at 1, which steps from there would pass over.
    if (!has_begun && (!from || *from > 0))
      from = readable_after(rows, 0);
  }
  return false;
}

std::string readable_rows::rowid_of(const std::string& table) const {
  const auto columns = columns_of(table);
  for (const auto* name : {"rowid", "_rowid_", "oid"})
    if (std::none_of(columns.begin(), columns.end(),
                     [&](const auto& one) { return is_same_name(one, name); }))
      return name;
  return {};
}

bool readable_rows::for_each(const std::string& table,
                             const std::string& columns,
                             const action& run) const {
  const auto name = sql_name(table);
  if (const auto rowid = rowid_of(table); !rowid.empty())
    if (auto rows
        = ask("SELECT " + rowid + ", " + columns + " FROM " + name
              + " NOT INDEXED WHERE " + rowid + " >= ? ORDER BY " + rowid))
      return for_each_by_rowid(*rows, run);
  const auto rows = ask("SELECT " + columns + " FROM " + name);
  bool damaged = rows == nullptr;
  while (rows)
    if (auto found = next(*rows, damaged))
      run(*found);
    else
      break;
  return !damaged;
}

std::vector<readable_rows::row>
readable_rows::all(const std::string& query) const {
  std::vector<row> list;
  const auto rows = ask(query);
  bool damaged = rows == nullptr;
  while (!damaged)
    if (auto found = next(*rows, damaged))
      list.push_back(std::move(*found));
    else
      break;
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

std::string text_of(const sql_value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : std::string{};
}

std::string counted_rows(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " row" : " rows");
}

bool put_row(SQLite::Statement& statement, const readable_rows::row& row) {
  for (std::size_t i = 0; i < row.size(); ++i)
    bind_value(statement, static_cast<int>(i) + 1, row[i]);
  const auto code = statement.tryExecuteStep() & primary_code;
  statement.tryReset();
  if (code != SQLITE_CONSTRAINT && code != SQLITE_DONE)
    throw SQLite::Exception{sqlite3_errstr(code), code};
  return code == SQLITE_DONE;
}

} // namespace lockstep
