#include "persistence/own_schema.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>

#include <sqlite3.h>

namespace lockstep {

namespace {

/// By its name, what something in a database is.
std::map<std::string, std::string> schema_of(SQLite::Database& database) {
  std::map<std::string, std::string> found;
  SQLite::Statement rows{database, "SELECT name, type, tbl_name, sql FROM"
                                   " sqlite_schema"};
  while (rows.executeStep())
    found[rows.getColumn(0).getString()] = rows.getColumn(1).getString() + " "
                                           + rows.getColumn(2).getString() + " "
                                           + rows.getColumn(3).getString();
  return found;
}

/// How many of the migrations the database has; nothing where they are not
/// listed one after another.
std::optional<std::size_t> steps_of(SQLite::Database& database) {
  SQLite::Statement listed{database, "SELECT number FROM lockstep_migration"
                                     " ORDER BY number"};
  std::size_t steps = 0;
  while (listed.executeStep())
    if (listed.getColumn(0).getInt64() != static_cast<std::int64_t>(++steps))
      return std::nullopt;
  return steps;
}

std::map<std::string, std::string>
schema_made_by(std::span<const migration> steps) {
  SQLite::Database made{":memory:",
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  if (auto done = migrate(made, ":memory:", steps); !done)
    throw std::logic_error{done.error().message};
  return schema_of(made);
}

std::string complaint(SQLite::Database& database,
                      std::span<const migration> known) {
  constexpr auto unlisted
    = "the steps that made its tables are not listed as they were";
  const auto found = schema_of(database);
  if (!found.contains("lockstep_migration")) {
    for (const auto& [name, what] : schema_made_by(known))
      if (found.contains(name))
        return unlisted;
    return {};
  }
  const auto steps = steps_of(database);
  if (!steps || *steps > known.size())
    return unlisted;
  for (const auto& [name, what] : schema_made_by(known.first(*steps))) {
    const auto there = found.find(name);
    if (there == found.end())
      return name + " is not there";
    if (there->second != what)
      return name + " is not as it was made";
  }
  return {};
}

} // namespace

std::set<std::string> own_names(std::span<const migration> known) {
  std::set<std::string> names;
  for (const auto& [name, what] : schema_made_by(known))
    names.insert(name);
  return names;
}

std::string own_schema_complaint(SQLite::Database& database,
                                 std::span<const migration> known) {
  try {
    return complaint(database, known);
  } catch (const SQLite::Exception& what) {
    // A statement is wrong only where a name is.
    if (what.getErrorCode() != SQLITE_ERROR)
      throw;
    return what.what();
  }
}

} // namespace lockstep
