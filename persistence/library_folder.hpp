#pragma once

#include "messages/clock.hpp"
#include "messages/errors.hpp"
#include "messages/ids.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lockstep {

/// What library.json says.
struct library_description {
  library_id id;
  /// Shown to people; see `check_name`.
  std::string name;
  device_id created_by;
  wall_time created_at{};
  /// The device whose copy of the library this is. Another device that finds
  /// itself with this folder has been given a copy.
  device_id device;
  /// The application's tables: absolute, or relative to the folder.
  std::filesystem::path database = "database.db";
  /// The device that let this one in; nil on the creator.
  device_id joined_from{};
  /// It is being deleted, which a crash may have cut off.
  bool removing = false;

  bool operator==(const library_description&) const = default;
};

/// One library on this device.
struct library_folder {
  std::filesystem::path path;
  library_description description;

  [[nodiscard]] std::filesystem::path database_file() const;
  /// Whether the database lies elsewhere, and so outlives the folder.
  [[nodiscard]] bool is_database_elsewhere() const;
  [[nodiscard]] std::filesystem::path sync_log_file() const;
  [[nodiscard]] std::filesystem::path archive_folder() const;
};

/// Makes the folder `libraries`/<id> with its library.json, whole or not at
/// all. `already_exists` when this device has the library; `invalid_argument`
/// for a name that is none, or a nil id. Databases are left to those who open
/// them.
expected<library_folder>
create_library_folder(const std::filesystem::path& libraries,
                      const library_description& description);

/// Reads library.json. `not_found` when the folder is none of a library,
/// `corrupt`, `newer_format`. Nothing is ever changed.
expected<library_folder>
open_library_folder(const std::filesystem::path& folder);

/// Notes in library.json whether the library is being deleted.
expected<void> mark_removing(library_folder& folder, bool removing);

/// Removes a library's folder as a whole: it is hidden first, so that a crash
/// leaves nothing that would be listed. Its files are closed. A database
/// elsewhere stays. Errors: those of the disk.
expected<void> remove_library_folder(const std::filesystem::path& folder);

/// A folder among the libraries that cannot be read as one.
struct unreadable_library {
  /// The folder's name: the library's id, where nobody renamed it.
  std::string name;
  failure why;
};

/// The libraries of a device, and what was wrong with those that cannot be
/// read.
struct library_listing {
  std::vector<library_folder> libraries;      ///< By name, then by id.
  std::vector<unreadable_library> unreadable; ///< By name.
};

/// Reads every library below `libraries`; a folder that is not there holds
/// none. One that cannot be read does not hide the others.
expected<library_listing>
list_library_folders(const std::filesystem::path& libraries);

/// Removes what creations and removals that were cut off by a crash have left.
/// Only for who holds the data directory's lock.
void remove_unfinished_libraries(const std::filesystem::path& libraries);

} // namespace lockstep
