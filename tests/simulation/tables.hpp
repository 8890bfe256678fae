#pragma once

#include <array>
#include <string_view>

namespace lockstep::simulation {

/// A table of the application that the devices share.
struct shared_table {
  std::string_view name;
  std::string_view schema;
};

/// Parents come before the tables that refer to them.
inline const auto& tables() {
  static constexpr std::array list{
    // Edited everywhere at once.
    shared_table{"note", "CREATE TABLE IF NOT EXISTS note(uuid TEXT PRIMARY KEY"
                         " NOT NULL, text TEXT NOT NULL, stars INTEGER)"},
    // Names are taken twice.
    shared_table{"label", "CREATE TABLE IF NOT EXISTS label(uuid TEXT PRIMARY"
                          " KEY NOT NULL, name TEXT NOT NULL UNIQUE, text TEXT"
                          " CHECK(length(name) > 0))"},
    // Rows of one transaction: all of a group, or none.
    shared_table{"batch",
                 "CREATE TABLE IF NOT EXISTS batch(uuid TEXT PRIMARY"
                 " KEY NOT NULL, grp INTEGER NOT NULL, size INTEGER NOT"
                 " NULL, text TEXT)"},
    shared_table{"album", "CREATE TABLE IF NOT EXISTS album(id INTEGER PRIMARY"
                          " KEY, text TEXT NOT NULL)"},
    shared_table{"photo", "CREATE TABLE IF NOT EXISTS photo(id INTEGER PRIMARY"
                          " KEY, album INTEGER NOT NULL REFERENCES album(id),"
                          " text TEXT)"},
  };
  return list;
}

} // namespace lockstep::simulation
