#include "persistence/statement_authorizer.hpp"

#include "persistence/capture_triggers.hpp"
#include "persistence/library_store.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lockstep {

namespace {

bool is_own(const char* name) {
  return name != nullptr && sqlite3_strnicmp(name, "lockstep_", 9) == 0;
}

/// Pragmas that neither write nor set anything.
bool only_tells(const char* pragma) {
  constexpr std::array known{
    "table_info",     "table_xinfo",     "table_list",       "index_list",
    "index_info",     "index_xinfo",     "foreign_key_list", "quick_check",
    "collation_list", "integrity_check", "foreign_key_check"};
  return std::any_of(known.begin(), known.end(), [&](const char* name) {
    return sqlite3_stricmp(name, pragma) == 0;
  });
}

/// Whether the log brings back what a statement does so.
bool is_in_log(const library_store& store, int action, const char* subject) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
    case SQLITE_PRAGMA:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return true;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: {
      if (is_own(subject))
        return true;
      // Of a row that goes, nothing is lost.
      const auto* schema = store.tables.by_table(subject);
      return schema != nullptr
             && (action == SQLITE_DELETE || schema->local_columns.empty());
    }
    default:
      return false;
  }
}

} // namespace

int authorize_statement(void* context, int action, const char* subject,
                        const char* detail, const char*, const char* trigger) {
  auto& store = *static_cast<library_store*>(context);
  using access = library_store::access;
  if (store.allowed() == access::host_writes
      && !is_in_log(store, action, subject))
    store.beside_log = true;
  // What triggers do inside a host's statement is none of the host's doing.
  if (trigger != nullptr) {
    const bool changes = action == SQLITE_INSERT || action == SQLITE_UPDATE;
    if (!changes || store.allowed() != access::own
        || std::string_view{trigger}.starts_with(own_prefix))
      return SQLITE_OK;
    const auto* schema = store.tables.by_table(subject);
    // SQLite passes over no update of the rowid: see trigger_reach.
    return schema == nullptr
               || (action == SQLITE_UPDATE && names_number(*schema, detail))
             ? SQLITE_OK
             : SQLITE_IGNORE;
  }
  if (store.allowed() == access::own
      || store.allowed() == access::own_with_triggers)
    return SQLITE_OK;
  if (store.allowed() == access::host_reads)
    return action == SQLITE_SELECT || action == SQLITE_READ
               || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE
             ? SQLITE_OK
             : SQLITE_DENY;
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return SQLITE_DENY;
    case SQLITE_PRAGMA:
      return only_tells(subject) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_ALTER_TABLE:
      return is_own(detail) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_INDEX:
      return is_own(subject) || is_own(detail) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_INDEX:
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TRIGGER:
      return is_own(subject) ? SQLITE_DENY : SQLITE_OK;
    default:
      return SQLITE_OK;
  }
}

} // namespace lockstep
