#pragma once

#include "messages/errors.hpp"

#include <filesystem>
#include <span>

/// An SQLite file of the application's that a library is to use, or used.
namespace lockstep {

/// Whether a new library may use the file, or make it: an absolute path of a
/// readable and writable SQLite database without tables of Lockstep's, or of
/// nothing in a folder that is there. `taken` are the databases of the device's
/// other libraries, by whatever name this one goes. Changes nothing. Errors:
/// `invalid_argument`, `not_found`, `already_exists`, `corrupt`, `io`, `busy`,
/// `read_only`.
expected<void> check_new_database(const std::filesystem::path& file,
                                  std::span<const std::filesystem::path> taken);

/// Makes the file, empty, where it is not there; whether it did.
expected<bool> make_database_file(const std::filesystem::path& file);

/// Removes the file and what SQLite keeps beside it.
void remove_database_file(const std::filesystem::path& file);

/// Removes everything of Lockstep's from a database that nobody here has open,
/// as `detach` does. Nothing happens where there is no file, or nothing of
/// Lockstep's in it.
expected<void> detach_file(const std::filesystem::path& file);

} // namespace lockstep
