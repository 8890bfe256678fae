#pragma once

#include "bench/sample_rows.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <span>

namespace lockstep::bench {

/// The baseline: what a competent person writes by hand, in plain C against
/// SQLite, who wants the row in the application's table and an entry of it in a
/// log, in two files, as durable as Lockstep's: the log is flushed with every
/// transaction (synchronous=FULL), the table is not (NORMAL). Statements are
/// prepared once; the image is put together by hand. Ends the program where
/// SQLite fails.
class plain_library {
public:
  enum class key : std::uint8_t { uuid, number };

  plain_library(const std::filesystem::path& folder, key how);
  plain_library(const plain_library&) = delete;
  plain_library& operator=(const plain_library&) = delete;
  ~plain_library();

  /// All of them in one transaction of each file, the log's first.
  void write(std::span<const item> list);
  /// Changes rows by their rowid, likewise; an entry for each.
  void update(std::span<const std::int64_t> rows);
  /// Reads so many entries of the log after that place, with all columns.
  void read_log(std::int64_t after, std::int64_t limit);
  /// Of the log's last entry, which is that of the last row while none changed.
  [[nodiscard]] std::int64_t last() const {
    return last_;
  }

private:
  template <class Change> void change_both(Change change);
  void write_one(const item& one);
  void update_one(std::int64_t row);
  void append(const void* record, const char* image, int size);

  key how_;
  sqlite3* table_ = nullptr;
  sqlite3* log_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* update_ = nullptr;
  sqlite3_stmt* append_ = nullptr;
  sqlite3_stmt* read_ = nullptr;
  std::int64_t last_ = 0;
};

/// A program's own connection to an SQLite file, with what it inserts: rows
/// with an INTEGER PRIMARY KEY, all in one transaction.
class foreign_program {
public:
  explicit foreign_program(const std::filesystem::path& file);
  foreign_program(const foreign_program&) = delete;
  foreign_program& operator=(const foreign_program&) = delete;
  ~foreign_program();

  void execute(const char* sql);
  void insert(std::span<const item> list);

private:
  sqlite3* file_ = nullptr;
};

} // namespace lockstep::bench
