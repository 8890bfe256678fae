#pragma once

#include "messages/numbers.hpp"
#include "persistence/library_folder.hpp"

#include <filesystem>
#include <optional>

namespace lockstep {

/// How far the tables are; nothing where that cannot be read.
std::optional<sequence_number> applied_in(const std::filesystem::path& file);

/// `corrupt` where a repair was cut off and is to be asked for again: the files
/// are not what they look like. Before anything else is done with them.
expected<void> check_no_repair_begun(const library_folder& folder);

/// Refuses files that would be taken for new ones: `corrupt` for a sync.db that
/// is gone while the tables show what it said. Before a library is opened.
expected<void> check_library_files(const library_folder& folder);

/// What a library's files could not be opened for: `corrupt` where the tables
/// of Lockstep's own in one of them are not as they were made, of which SQLite
/// only says that a statement is wrong; else what was said.
failure cause_of(const failure& said, const library_folder& folder);

} // namespace lockstep
