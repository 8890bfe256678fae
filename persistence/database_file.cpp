#include "persistence/database_file.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/detach.hpp"
#include "persistence/sqlite_file.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 5'000;

std::optional<struct stat> status_of(const fs::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0)
    return std::nullopt;
  return found;
}

/// One file under two names counts as one, also while it is not there.
bool is_same_file(const fs::path& a, const fs::path& b) {
  const auto one = status_of(a);
  const auto other = status_of(b);
  if (one && other)
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
  std::error_code ignored;
  return fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

expected<void> check_kind(const fs::path& file) {
  std::error_code unreadable;
  const auto kind = fs::status(file, unreadable).type();
  if (kind == fs::file_type::regular)
    return {};
  if (kind == fs::file_type::directory)
    return fail(errc::invalid_argument,
                file.string() + " is a folder; name a file.");
  if (kind == fs::file_type::not_found) {
    if (fs::is_directory(file.parent_path(), unreadable))
      return {};
    return fail(errc::not_found, "The folder " + file.parent_path().string()
                                   + " does not exist; make it, or check the"
                                     " path.");
  }
  if (unreadable)
    return fail(errc::io, file.string() + " cannot be read ("
                            + unreadable.message()
                            + "); check its path and its permissions.");
  return fail(errc::invalid_argument, file.string()
                                        + " is no ordinary file; name an SQLite"
                                          " database.");
}

SQLite::Database open_plainly(const fs::path& file) {
  SQLite::Database database{file.string(), SQLite::OPEN_READWRITE, patience_ms};
  database.execAndGet("SELECT count(*) FROM sqlite_schema");
  if (sqlite3_db_readonly(database.getHandle(), "main") == 1)
    throw SQLite::Exception("the file opened for reading only",
                            SQLITE_READONLY);
  return database;
}

bool is_attached(SQLite::Database& database) {
  return database
           .execAndGet("SELECT count(*) FROM sqlite_schema WHERE"
                       " substr(name, 1, 9) = 'lockstep_'")
           .getInt()
         != 0;
}

expected<void> check_content(const fs::path& file) {
  std::error_code gone;
  const auto size = fs::file_size(file, gone);
  if (gone || size == 0)
    return {};
  try {
    // SQLite would take a file of one byte for an empty database.
    if (size == 1)
      throw SQLite::Exception("one byte is no database", SQLITE_NOTADB);
    auto database = open_plainly(file);
    if (!is_attached(database))
      return {};
    return fail(errc::already_exists,
                file.string()
                  + " holds tables of another Lockstep library: it is the"
                    " database of another device, or a copy of one; let this"
                    " device join that library with a file of its own, or"
                    " delete the library there with lockstep library delete"
                    " --detach first.");
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, file));
  }
}

} // namespace

expected<void> check_new_database(const fs::path& file,
                                  std::span<const fs::path> taken) {
  if (!file.is_absolute())
    return fail(errc::invalid_argument,
                "The database \"" + file.string()
                  + "\" must be named by its whole path, which begins with a"
                    " slash.");
  if (auto good = check_kind(file); !good)
    return good;
  for (const auto& other : taken)
    if (is_same_file(file, other))
      return fail(errc::already_exists,
                  file.string()
                    + " is the database of another library of this"
                      " device already; name another file.");
  const auto& at = status_of(file) ? file : file.parent_path();
  if (::access(at.c_str(), R_OK | W_OK) != 0)
    return tl::make_unexpected(
      system_failure(errno, "Cannot read and write " + at.string()));
  return check_content(file);
}

expected<bool> make_database_file(const fs::path& file) {
  const int made
    = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (made < 0 && errno == EEXIST && status_of(file))
    return false;
  if (made < 0)
    return tl::make_unexpected(
      system_failure(errno, "Cannot create " + file.string()));
  ::close(made);
  return sync_folder(file.parent_path()).map([] { return true; });
}

void remove_database_file(const fs::path& file) {
  std::error_code ignored;
  for (const auto* beside : {"-wal", "-shm", "-journal", ""})
    fs::remove(file.string() + beside, ignored);
}

expected<void> detach_file(const fs::path& file) {
  if (!status_of(file))
    return {};
  try {
    auto database = open_plainly(file);
    if (is_attached(database))
      detach(database);
    return {};
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, file));
  }
}

} // namespace lockstep
