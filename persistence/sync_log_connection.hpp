#pragma once

#include "persistence/sqlite_file.hpp"
#include "persistence/statement_cache.hpp"
#include "persistence/sync_log_dictionaries.hpp"
#include "persistence/sync_log_names.hpp"
#include "persistence/sync_log_store.hpp"

#include <utility>

namespace lockstep {

/// An open sync.db with its prepared statements; part of the reader and of the
/// writer only.
struct sync_log_reader::connection {
  connection(std::filesystem::path path,
             std::unique_ptr<SQLite::Database> opened)
    : file(std::move(path)), database(std::move(opened)) {
  }

  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  std::filesystem::path file;
  std::unique_ptr<SQLite::Database> database;
  statement_cache statements{*database};
  sync_log_names names{statements};
  sync_log_dictionaries dictionaries{statements};

  /// Runs `work`, which gives a T or an expected<T>; exceptions of SQLite
  /// become failures.
  template <class T, class Work> expected<T> run(Work work) {
    try {
      return work();
    } catch (const SQLite::Exception& problem) {
      return tl::make_unexpected(sqlite_failure(problem, file));
    }
  }

  /// Runs `work` in one transaction, committed when it gives a value; `io`
  /// where the file is another one by now, or gone: nobody would find it there.
  template <class T, class Work> expected<T> write(Work work) {
    auto result = run<T>([&]() -> expected<T> {
      SQLite::Transaction transaction{*database,
                                      SQLite::TransactionBehavior::IMMEDIATE};
      expected<T> value = work();
      if (value && file_is_gone(*database))
        return tl::make_unexpected(gone_file(file));
      if (value)
        transaction.commit();
      return value;
    });
    if (!result) {
      names.forget();
      dictionaries.forget();
      may_have_forgotten_ahead = true;
    }
    return result;
  }

  // These throw SQLite::Exception; for use within `run` and `write`.
  log_head head();
  leadership_record leadership();
  std::vector<accepted_range> accepted_ranges();
  std::uint64_t count();
  /// Whether so many entries are not counted that it is time to.
  bool is_count_due(sequence_number end);
  /// Enters all entries in `accepted` and `log_state`, which lag behind: three
  /// pages with each commit would take much longer than one. In a transaction
  /// of the writer, before entries are removed.
  void count_entries();
  forgotten_deletions forgotten();
  void store_forgotten(const forgotten_deletions& what);
  /// False once the log is known to reach all that it has forgotten.
  bool may_have_forgotten_ahead = true;
  /// Whether `log_state` has the column; not in a file that no writer has
  /// opened for long.
  bool has_in_state(const char* column);
  /// False in a file that no writer has opened for long.
  bool may_hold_dictionaries() {
    return database->tableExists("dictionaries");
  }
  /// A line for each dictionary that is damaged.
  std::vector<std::string> damaged_dictionaries();
};

} // namespace lockstep
