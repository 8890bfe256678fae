#pragma once

#include <SQLiteCpp/Database.h>

#include <string>
#include <vector>

namespace lockstep {

/// Every row of a table as a line, each value with its type and to the last
/// bit, in an order of the lines' own. With the rowid, or without it.
std::string dump_of(SQLite::Database& database, const std::string& table,
                    bool with_rowid);

/// What SQLite's own checks find wrong with a database, as far as it is
/// committed; empty if nothing.
std::string complaints_about(SQLite::Database& opened);

/// Runs statements as a program would that goes on after an error, and ends
/// what transaction is left open; each one's result code.
std::vector<int> run_script(SQLite::Database& database,
                            const std::vector<std::string>& script);

} // namespace lockstep
