#pragma once

#include "messages/errors.hpp"
#include "persistence/file_descriptor.hpp"
#include "persistence/library_folder.hpp"

#include <filesystem>

namespace lockstep {

/// Where a device keeps what it keeps, unless told otherwise: $LOCKSTEP_DATA,
/// else ~/.local/share/lockstep. Reads the environment: call it before other
/// threads start. `not_found` for a user without a home.
expected<std::filesystem::path> default_data_directory();

/// One device's data directory, which belongs to this process for as long as
/// the object lives.
class data_directory {
public:
  /// Creates the directory where needed, locks it, and removes what a crash
  /// left unfinished. `locked` when another process uses it, or this one
  /// already; else `read_only`, `disk_full`, `io`, `already_exists` for a file
  /// in the way.
  static expected<data_directory> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const {
    return path_;
  }

  /// `lockstep.ini`, which need not exist.
  [[nodiscard]] std::filesystem::path settings_file() const;

  /// Where the libraries are.
  [[nodiscard]] std::filesystem::path libraries_folder() const;

  /// Where a library is, or would be.
  [[nodiscard]] std::filesystem::path library_path(library_id id) const;

  [[nodiscard]] expected<library_listing> libraries() const;

private:
  data_directory(std::filesystem::path path, file_descriptor lock);

  std::filesystem::path path_;
  /// The lock ends when this is closed, also by a crash.
  file_descriptor lock_;
};

} // namespace lockstep
