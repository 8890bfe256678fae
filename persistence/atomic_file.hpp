#pragma once

#include "messages/errors.hpp"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace lockstep {

/// What the error number of a failed system call means, with `what` as the
/// start of the sentence ("Cannot write FILE").
failure system_failure(int error_number, const std::string& what);

/// Writes a whole file so that a crash at any moment leaves either the old
/// content or the new: a temporary file beside it, fsync, rename, fsync of the
/// folder. The file gets exactly the permissions `mode`. The folder exists.
expected<void> write_file_atomically(const std::filesystem::path& file,
                                     std::string_view content,
                                     mode_t mode = 0644);

/// A whole small file. `not_found` when it is not there, `too_large` when it
/// has more than `limit` bytes.
expected<std::string> read_file(const std::filesystem::path& file,
                                std::size_t limit = std::size_t{1} << 20);

/// The folder that a file is in: `.` for a bare name.
std::filesystem::path folder_of(const std::filesystem::path& file);

/// Makes what was created, renamed or removed in `folder` survive a crash of
/// the machine.
expected<void> sync_folder(const std::filesystem::path& folder);

/// Creates the folder and its parents, each open to nobody but the owner, and
/// makes that survive a crash. Folders that are there stay as they are.
expected<void> create_folder(const std::filesystem::path& folder);

} // namespace lockstep
