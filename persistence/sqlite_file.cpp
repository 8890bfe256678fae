#include "persistence/sqlite_file.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string>

namespace lockstep {

namespace {

constexpr int busy_timeout_ms = 5000;

constexpr const char* create_migration_table
  = "CREATE TABLE IF NOT EXISTS lockstep_migration("
    "number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)";

constexpr const char* record_migration
  = "INSERT INTO lockstep_migration(number, name, applied_at) "
    "VALUES(?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))";

struct outcome {
  errc code;
  std::string_view advice;
};

outcome outcome_of(int result) {
  switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {errc::corrupt, "is damaged or no SQLite database; restore it "
                             "from a backup or move it away"};
    case SQLITE_FULL:
      return {errc::disk_full, "cannot grow because the disk is full; free "
                               "some space and try again"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {errc::read_only, "cannot be written; check the permissions of "
                               "the file and of its folder"};
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return {errc::constraint, "refused a change that breaks a constraint of "
                                "its schema; correct the values"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {errc::busy, "is in use by another connection; try again later"};
    case SQLITE_CANTOPEN:
      return {errc::io, "cannot be opened; check that its folder exists and "
                        "may be used"};
    case SQLITE_IOERR:
    case SQLITE_NOLFS:
      return {errc::io, "could not be read or written; check the disk"};
    case SQLITE_TOOBIG:
      return {errc::too_large,
              "refused a value or statement that is too large"};
    case SQLITE_INTERRUPT:
      return {errc::cancelled, "was interrupted; try again"};
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_RANGE:
      return {errc::invalid_argument, "refused a statement; correct it"};
    default:
      return {errc::internal, "could not be used"};
  }
}

/// The highest recorded migration; 0 for none.
int newest_recorded(SQLite::Database& database) {
  if (!database.tableExists("lockstep_migration"))
    return 0;
  return database
    .execAndGet("SELECT coalesce(max(number), 0) FROM lockstep_migration")
    .getInt();
}

int newest_of(std::span<const migration> known) {
  int newest = 0;
  for (const auto& step : known)
    newest = std::max(newest, step.number);
  return newest;
}

expected<void> check_format(SQLite::Database& database,
                            const std::filesystem::path& file,
                            std::span<const migration> known) {
  auto recorded = newest_recorded(database);
  auto newest = newest_of(known);
  if (recorded <= newest)
    return {};
  // The newer version's write-ahead log stays as it is, too.
  sqlite3_db_config(database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                    nullptr);
  return fail(errc::newer_format,
              file.string()
                + " was written by a newer version of Lockstep "
                  "(format "
                + std::to_string(recorded) + ", this version knows "
                + std::to_string(newest) + "); update Lockstep to open it.");
}

int flags_of(open_mode mode) {
  switch (mode) {
    case open_mode::create:
      return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    case open_mode::existing:
      return SQLite::OPEN_READWRITE;
    case open_mode::read_only:
      break;
  }
  return SQLite::OPEN_READONLY;
}

expected<void> check_path(const std::filesystem::path& file, open_mode mode) {
  std::error_code problem;
  auto status = std::filesystem::status(file, problem);
  if (std::filesystem::is_directory(status))
    return fail(errc::io, file.string() + " is a folder; name a file.");
  if (status.type() == std::filesystem::file_type::not_found
      && mode != open_mode::create)
    return fail(errc::not_found,
                file.string() + " does not exist; check the path.");
  // SQLite would take a file of one byte for an empty database.
  if (std::filesystem::file_size(file, problem) == 1 && !problem)
    throw SQLite::Exception("one byte is no database", SQLITE_NOTADB);
  return {};
}

void use_write_ahead_log(SQLite::Database& database) {
  std::string now = database.execAndGet("PRAGMA journal_mode=WAL").getString();
  if (now != "wal")
    throw SQLite::Exception("the write-ahead log cannot be used here",
                            SQLITE_CANTOPEN);
}

} // namespace

void prepare_sqlite() {
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

failure sqlite_failure(const SQLite::Exception& what,
                       const std::filesystem::path& file) {
  auto [code, advice] = outcome_of(what.getErrorCode());
  const std::string kind = what.getErrorStr();
  const std::string detail = what.what();
  return {code, file.string() + " " + std::string{advice} + " ("
                  + (kind == detail ? kind : kind + ": " + detail) + ")."};
}

expected<std::unique_ptr<SQLite::Database>>
open_sqlite(const std::filesystem::path& file, open_mode mode,
            std::span<const migration> known) {
  try {
    if (auto usable = check_path(file, mode); !usable)
      return tl::make_unexpected(usable.error());
    // SQLite need not lock: only one actor at a time uses a connection.
    auto database = std::make_unique<SQLite::Database>(
      file.string(), flags_of(mode) | SQLite::OPEN_NOMUTEX, busy_timeout_ms);
    database->execAndGet("SELECT count(*) FROM sqlite_schema");
    // SQLite falls back to reading only without a word.
    if (mode != open_mode::read_only
        && sqlite3_db_readonly(database->getHandle(), "main") == 1)
      throw SQLite::Exception("the file opened for reading only",
                              SQLITE_READONLY);
    if (!known.empty())
      if (auto format = check_format(*database, file, known); !format)
        return tl::make_unexpected(format.error());
    if (mode != open_mode::read_only)
      use_write_ahead_log(*database);
    database->exec("PRAGMA foreign_keys=ON");
    return database;
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, file));
  }
}

bool file_is_gone(const SQLite::Database& database) {
  int moved = 0;
  return sqlite3_file_control(database.getHandle(), "main",
                              SQLITE_FCNTL_HAS_MOVED, &moved)
           == SQLITE_OK
         && moved != 0;
}

failure gone_file(const std::filesystem::path& file) {
  return {errc::io, "The file " + file.string()
                      + " was moved, deleted or replaced while its library is"
                        " open, and nothing more is written to it; put it back,"
                        " or close the library, mend it with lockstep repair"
                        " and open it again."};
}

void defer_foreign_keys(SQLite::Database& database) {
  // To run this pragma makes SQLite prepare all statements anew. It takes hold
  // when it is prepared, in the releases that we know.
  SQLite::Statement set{database, "PRAGMA defer_foreign_keys=ON"};
  SQLite::Statement is_set{database, "PRAGMA defer_foreign_keys"};
  if (!is_set.executeStep() || is_set.getColumn(0).getInt() == 0)
    set.exec();
}

expected<void> migrate(SQLite::Database& database,
                       const std::filesystem::path& file,
                       std::span<const migration> known) {
  try {
    if (auto format = check_format(database, file, known); !format)
      return format;
    for (const auto& step : known) {
      if (step.number <= newest_recorded(database))
        continue;
      SQLite::Transaction transaction{database,
                                      SQLite::TransactionBehavior::IMMEDIATE};
      // Another connection may have been faster.
      if (step.number <= newest_recorded(database))
        continue;
      database.exec(create_migration_table);
      database.exec(std::string{step.sql});
      SQLite::Statement record{database, record_migration};
      record.bind(1, step.number);
      record.bind(2, std::string{step.name});
      record.exec();
      transaction.commit();
    }
    return {};
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, file));
  }
}

} // namespace lockstep
