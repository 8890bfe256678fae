#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace lockstep {

/// How a file is spoiled.
enum class spoil { flip_pages, cut, empty, garbage, remove };

inline constexpr std::array all_spoils{
  spoil::flip_pages, spoil::cut, spoil::empty, spoil::garbage, spoil::remove};

inline std::string name_of(spoil how) {
  switch (how) {
    case spoil::flip_pages:
      return "bytes flipped";
    case spoil::cut:
      return "cut";
    case spoil::empty:
      return "empty";
    case spoil::garbage:
      return "garbage";
    case spoil::remove:
      break;
  }
  return "removed";
}

/// Writes all of a database that no program has open into its one file.
inline void checkpoint(const std::filesystem::path& file) {
  SQLite::Database{file.string(), SQLite::OPEN_READWRITE, 5'000}.execAndGet(
    "PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Overwrites bytes in the middle.
inline void flip(const std::filesystem::path& file, std::uintmax_t at,
                 std::size_t bytes) {
  std::fstream stream{file, std::ios::binary | std::ios::in | std::ios::out};
  stream.seekp(static_cast<std::streamoff>(at));
  stream << std::string(bytes, '\xa5');
}

/// Two pages that hold rows, at a half and at three quarters of those that do.
inline std::array<std::int64_t, 2>
two_pages_of(const std::filesystem::path& file) {
  SQLite::Database database{file.string(), SQLite::OPEN_READONLY};
  std::vector<std::int64_t> all;
  SQLite::Statement rows{database,
                         "SELECT pageno FROM dbstat WHERE pagetype = 'leaf' AND"
                         " ncell > 0 AND pageno > 1 AND name IN (SELECT name"
                         " FROM sqlite_schema WHERE type = 'table') ORDER BY"
                         " pageno"};
  while (rows.executeStep())
    all.push_back(rows.getColumn(0).getInt64());
  return {all.at(all.size() / 2), all.at(all.size() * 3 / 4)};
}

/// Spoils a file that no program has open, with what SQLite keeps beside it.
inline void spoil_file(const std::filesystem::path& file, spoil how) {
  checkpoint(file);
  const auto pages = two_pages_of(file);
  const auto size = std::filesystem::file_size(file);
  switch (how) {
    case spoil::flip_pages:
      for (const auto page : pages)
        flip(file, static_cast<std::uintmax_t>(page - 1) * 4096, 64);
      break;
    case spoil::cut:
      std::filesystem::resize_file(file, size / 2 / 4096 * 4096 + 100);
      break;
    case spoil::empty:
      std::filesystem::resize_file(file, 0);
      break;
    case spoil::garbage:
      std::ofstream{file, std::ios::binary | std::ios::trunc}
        << std::string(size, 'x');
      break;
    case spoil::remove:
      std::filesystem::remove(file);
      break;
  }
  for (const auto* suffix : {"-wal", "-shm"})
    std::filesystem::remove(file.string() + suffix);
}

} // namespace lockstep
