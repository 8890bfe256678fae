#include "persistence/file_birth.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace lockstep {

std::uint64_t file_birth(const std::filesystem::path& file) {
  constexpr std::uint64_t second = 1'000'000'000;
  struct statx found {};
  if (statx(AT_FDCWD, file.c_str(), 0, STATX_BTIME, &found) != 0
      || (found.stx_mask & STATX_BTIME) == 0 || found.stx_btime.tv_sec < 0)
    return 0;
  return static_cast<std::uint64_t>(found.stx_btime.tv_sec) * second
         + found.stx_btime.tv_nsec;
}

} // namespace lockstep
