#include "persistence/database_backup.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/sqlite_file.hpp"

#include <SQLiteCpp/Backup.h>

#include <sqlite3.h>

namespace lockstep {

namespace {

constexpr int pages_at_once = 4'096;

/// A copy that is not whole yet.
class unfinished_copy {
public:
  explicit unfinished_copy(const std::filesystem::path& copy)
    : file_(copy.string() + ".unfinished") {
    remove();
  }
  unfinished_copy(const unfinished_copy&) = delete;
  unfinished_copy& operator=(const unfinished_copy&) = delete;
  ~unfinished_copy() {
    remove();
  }

  [[nodiscard]] const std::filesystem::path& file() const {
    return file_;
  }

  expected<void> finish(const std::filesystem::path& copy) {
    std::error_code problem;
    std::filesystem::rename(file_, copy, problem);
    if (problem)
      return fail(errc::io, "Cannot make " + copy.string() + " ("
                              + problem.message()
                              + "); check the folder's permissions.");
    return sync_folder(copy.parent_path());
  }

private:
  void remove() const {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    std::filesystem::remove(file_.string() + "-journal", ignored);
  }

  std::filesystem::path file_;
};

sequence_number applied_by(SQLite::Database& database) {
  return sequence_number{static_cast<std::uint64_t>(
    database.execAndGet("SELECT applied_sequence FROM lockstep_state")
      .getInt64())};
}

void copy_pages(
  SQLite::Database& from, SQLite::Database& to,
  const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  SQLite::Backup pages{to, from};
  while (pages.executeStep(pages_at_once) != SQLITE_DONE) {
    const auto all = static_cast<std::uint64_t>(pages.getTotalPageCount());
    progress(all - static_cast<std::uint64_t>(pages.getRemainingPageCount()),
             all);
  }
}

} // namespace

expected<sequence_number> back_up_database(
  const std::filesystem::path& database, const std::filesystem::path& copy,
  const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  std::error_code unreadable;
  if (std::filesystem::exists(
        std::filesystem::symlink_status(copy, unreadable)))
    return fail(errc::already_exists,
                copy.string() + " is there already; name a new file.");
  auto from = open_sqlite(database, open_mode::read_only);
  if (!from)
    return tl::make_unexpected(from.error());
  unfinished_copy made{copy};
  sequence_number applied;
  const auto* busy = &database;
  try {
    // What is read stays as it is until the copy is whole.
    SQLite::Transaction moment{**from};
    applied = applied_by(**from);
    busy = &copy;
    SQLite::Database to{made.file().string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    copy_pages(**from, to, progress);
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, *busy));
  }
  return made.finish(copy).map([&] { return applied; });
}

} // namespace lockstep
