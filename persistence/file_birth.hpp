#pragma once

#include <cstdint>
#include <filesystem>

namespace lockstep {

/// When a file was made, in nanoseconds since 1970 by its file system; 0 where
/// that does not say (statx(2), STATX_BTIME). A file keeps this for life, also
/// where it is renamed. A copy has its own, and nobody can set it.
std::uint64_t file_birth(const std::filesystem::path& file);

} // namespace lockstep
