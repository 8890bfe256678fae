#pragma once

#include "persistence/sqlite_file.hpp"

#include <span>

namespace lockstep {

/// Lockstep's own tables in database.db, beside the application's.
std::span<const migration> library_migrations();

} // namespace lockstep
