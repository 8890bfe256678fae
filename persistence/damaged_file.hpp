#pragma once

#include "messages/errors.hpp"
#include "messages/library_repair.hpp"
#include "persistence/sqlite_file.hpp"

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace lockstep {

/// Tells what is no damage of what PRAGMA integrity_check says: that a row
/// breaks a CHECK or NOT NULL, as one may that is older than the constraint.
/// None is in the tables that these migrations make.
class constraint_complaints {
public:
  explicit constraint_complaints(std::span<const migration> made_by)
    : made_by_(made_by) {
  }

  bool contain(std::string_view said);

private:
  std::span<const migration> made_by_;
  /// Names of what the migrations make, once they are asked for.
  std::set<std::string> own_;
};

/// What SQLite finds of a database file, and whether it is as these migrations
/// make it. Errors other than damage: `busy`, `io`, `newer_format`.
expected<repaired_file> examine_file(const std::filesystem::path& file,
                                     std::span<const migration> made_by);

/// What of Lockstep's own tables in a database file is not as these migrations
/// make it, one sentence; empty where nothing is, or it cannot be read.
std::string examine_schema(const std::filesystem::path& file,
                           std::span<const migration> made_by);

/// While it lives, a database that was cut short is as long as it says that it
/// is, without which SQLite reads nothing of it. What is missing reads as
/// damaged.
class at_full_length {
public:
  explicit at_full_length(const std::filesystem::path& file);
  at_full_length(const at_full_length&) = delete;
  at_full_length& operator=(const at_full_length&) = delete;
  ~at_full_length();

private:
  std::filesystem::path file_;
  /// How long it is; none where it is as long as it says.
  std::uintmax_t length_ = 0;
};

/// Where a file that is to take another's place is made, and where it waits
/// once it is whole; both beside the other.
std::filesystem::path unfinished_replacement(const std::filesystem::path& of);
std::filesystem::path replacement(const std::filesystem::path& of);

/// Removes what an attempt has made that did not come to replacing the file.
void clear_unfinished_replacement(const std::filesystem::path& of);

/// Puts what was made into the place of a file, which stays beside it under a
/// name that tells when: nothing is deleted. Returns that name; empty where
/// there was no file. A crash in between leaves what `finish_replacement` ends.
expected<std::filesystem::path> replace(const std::filesystem::path& file);

/// Ends a replacement that a crash cut off. Does nothing where none was begun.
expected<void> finish_replacement(const std::filesystem::path& file);

} // namespace lockstep
