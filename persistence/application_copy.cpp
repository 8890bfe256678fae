#include "persistence/application_copy.hpp"

#include "persistence/capture_triggers.hpp"
#include "persistence/image.hpp"
#include "persistence/sqlite_file.hpp"
#include "persistence/table_schema.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <string_view>
#include <utility>

namespace lockstep {

namespace {

/// Whether a statement makes something of Lockstep's, whatever name a damaged
/// schema has for it.
bool makes_own(std::string_view sql) {
  for (const std::string_view begin :
       {"CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ",
        "CREATE TRIGGER ", "CREATE VIEW "})
    if (sql.starts_with(begin)) {
      sql.remove_prefix(begin.size());
      sql.remove_prefix(sql.starts_with('"') ? 1 : 0);
      return sql.starts_with(own_prefix);
    }
  return false;
}

} // namespace

application_copy::application_copy(const readable_rows& from,
                                   std::vector<std::string>& lost)
  : rows_(from), lost_(lost) {
  for (const auto& one :
       rows_.all("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT"
                 " NULL AND substr(name, 1, 7) <> 'sqlite_' AND"
                 " substr(name, 1, 9) <> 'lockstep_' ORDER BY rowid"))
    if (auto sql = text_of(one[2]); !makes_own(sql))
      schema_.push_back({text_of(one[0]), text_of(one[1]), std::move(sql)});
}

void application_copy::copy_settings(SQLite::Database& to) const {
  for (const auto* setting : {"encoding", "user_version", "application_id"})
    for (const auto& one : rows_.all(std::string{"PRAGMA "} + setting))
      if (const auto* number = std::get_if<std::int64_t>(&one.front()))
        to.exec(std::string{"PRAGMA "} + setting + "="
                + std::to_string(*number));
      else
        to.exec(std::string{"PRAGMA "} + setting + "="
                + sql_text(text_of(one.front())));
}

void application_copy::make_all(SQLite::Database& to, const char* type) const {
  for (const auto& one : schema_) {
    if (one.type != type)
      continue;
    try {
      to.exec(one.sql);
    } catch (const SQLite::Exception& why) {
      // A virtual table has made those that it keeps its rows in.
      if (to.tableExists(one.name))
        continue;
      lost_.push_back("The " + one.type + " \"" + one.name
                      + "\" cannot be made anew (" + why.what() + ").");
    }
  }
}

void application_copy::copy_table(SQLite::Database& to,
                                  const std::string& table) const {
  const auto columns = rows_.columns_of(table);
  if (columns.empty())
    return;
  std::string names;
  std::string places;
  for (const auto& column : columns) {
    names += (names.empty() ? "" : ", ") + sql_name(column);
    places += places.empty() ? "?" : ", ?";
  }
  // Those in which a virtual table keeps its rows have begun already.
  const bool has_begun
    = SQLite::Statement{to, "SELECT 1 FROM " + sql_name(table) + " LIMIT 1"}
        .executeStep();
  SQLite::Statement insert{
    to, std::string{"INSERT "} + (has_begun ? "OR REPLACE " : "") + "INTO "
          + sql_name(table) + "(" + names + ") VALUES(" + places + ")"};
  std::uint64_t refused = 0;
  const bool whole
    = rows_.for_each(table, names, [&](const readable_rows::row& row) {
        refused += put_row(insert, row) ? 0 : 1;
      });
  if (!whole)
    lost_.push_back("Rows of table \"" + table
                    + "\", which is not tracked, cannot be read.");
  if (refused != 0)
    lost_.push_back(counted_rows(refused) + " of table \"" + table
                    + "\", which is not tracked, cannot stand in it beside"
                      " the others, and "
                    + (refused == 1 ? "is" : "are") + " left out.");
}

expected<void> application_copy::make(
  const std::filesystem::path& made,
  const std::function<bool(const std::string&)>& left_out) const {
  try {
    SQLite::Database to{made.string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    copy_settings(to);
    to.exec("PRAGMA ignore_check_constraints=ON");
    SQLite::Transaction all{to};
    make_all(to, "table");
    for (const auto& one : schema_)
      if (one.type == "table" && !one.is_virtual() && !left_out(one.name)
          && to.tableExists(one.name))
        copy_table(to, one.name);
    make_all(to, "index");
    all.commit();
    return {};
  } catch (const SQLite::Exception& why) {
    return tl::make_unexpected(sqlite_failure(why, made));
  }
}

expected<void>
application_copy::add_triggers(const std::filesystem::path& made) const {
  try {
    SQLite::Database to{made.string(), SQLite::OPEN_READWRITE};
    make_all(to, "view");
    make_all(to, "trigger");
    return {};
  } catch (const SQLite::Exception& why) {
    return tl::make_unexpected(sqlite_failure(why, made));
  }
}

} // namespace lockstep
