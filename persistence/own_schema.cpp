#include "persistence/own_schema.hpp"

#include <cstdint>
#include <map>
#include <optional>

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
  if (!database.tableExists("lockstep_migration"))
    return 0;
  SQLite::Statement listed{database, "SELECT number FROM lockstep_migration"
                                     " ORDER BY number"};
  std::size_t steps = 0;
  while (listed.executeStep())
    if (listed.getColumn(0).getInt64() != static_cast<std::int64_t>(++steps))
      return std::nullopt;
  return steps;
}

} // namespace

std::string own_schema_complaint(SQLite::Database& database,
                                 std::span<const migration> known) {
  const auto steps = steps_of(database);
  if (!steps || *steps > known.size())
    return "the steps that made its tables are not listed as they were";
  SQLite::Database made{":memory:",
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  if (auto done = migrate(made, ":memory:", known.first(*steps)); !done)
    return done.error().message;
  const auto found = schema_of(database);
  for (const auto& [name, what] : schema_of(made)) {
    const auto there = found.find(name);
    if (there == found.end())
      return name + " is not there";
    if (there->second != what)
      return name + " is not as it was made";
  }
  return {};
}

} // namespace lockstep
