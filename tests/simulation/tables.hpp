#pragma once

#include "messages/conflict_policy.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace lockstep::simulation {

/// A table of the application that the devices share.
struct shared_table {
  std::string_view name;
  std::string_view schema;
  std::optional<conflict_policy> policy = std::nullopt;
};

/// Parents come before the tables that refer to them.
inline const auto& everyday_tables() {
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

/// Notes what was deleted; see page_edits.hpp.
inline constexpr std::string_view gone_table = "gone";

/// What `page_edits` writes into.
inline const auto& page_tables() {
#define LOCKSTEP_PAGE(name)                                                    \
  "CREATE TABLE IF NOT EXISTS " name                                           \
  "(uuid TEXT PRIMARY KEY NOT NULL, a TEXT NOT NULL DEFAULT '', b TEXT NOT"    \
  " NULL DEFAULT '', c TEXT NOT NULL DEFAULT '')"
  static constexpr std::array list{
    shared_table{"page", LOCKSTEP_PAGE("page"),
                 conflict_policy::last_writer_wins},
    shared_table{"page_first", LOCKSTEP_PAGE("page_first"),
                 conflict_policy::first_writer_wins},
    shared_table{"page_merge", LOCKSTEP_PAGE("page_merge"),
                 conflict_policy::field_merge},
    shared_table{"page_union",
                 "CREATE TABLE IF NOT EXISTS page_union(uuid TEXT PRIMARY KEY"
                 " NOT NULL, a TEXT NOT NULL DEFAULT '', tags JSON NOT NULL"
                 " DEFAULT '[]')",
                 conflict_policy::union_merge},
    shared_table{"named", "CREATE TABLE IF NOT EXISTS named(uuid TEXT PRIMARY"
                          " KEY NOT NULL, name TEXT NOT NULL UNIQUE, a TEXT NOT"
                          " NULL)"},
    shared_table{"child", "CREATE TABLE IF NOT EXISTS child(uuid TEXT PRIMARY"
                          " KEY NOT NULL, page TEXT NOT NULL REFERENCES"
                          " page(uuid), a TEXT NOT NULL)"},
    shared_table{"leaf",
                 "CREATE TABLE IF NOT EXISTS leaf(uuid TEXT PRIMARY KEY"
                 " NOT NULL, page TEXT NOT NULL REFERENCES page(uuid) ON"
                 " DELETE CASCADE, a TEXT NOT NULL)"},
    shared_table{gone_table, "CREATE TABLE IF NOT EXISTS gone(uuid TEXT PRIMARY"
                             " KEY NOT NULL, was TEXT NOT NULL)"},
  };
#undef LOCKSTEP_PAGE
  return list;
}

} // namespace lockstep::simulation
