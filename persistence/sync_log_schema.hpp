#pragma once

#include "messages/errors.hpp"
#include "persistence/sqlite_file.hpp"

#include <cstdint>
#include <filesystem>
#include <span>

namespace lockstep {

/// Marks a file as a sync.db (SQLite's application_id): "LkSL".
inline constexpr std::int32_t sync_log_application_id = 0x4c6b534c;

/// The life of sync.db's schema.
std::span<const migration> sync_log_migrations();

/// Whether the open database is a sync.db; `corrupt` when it is something
/// else. An empty database is one that may become one: `may_be_empty`.
expected<void> check_sync_log(SQLite::Database& database,
                              const std::filesystem::path& file,
                              bool may_be_empty);

} // namespace lockstep
