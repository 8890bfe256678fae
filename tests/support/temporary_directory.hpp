#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace lockstep {

/// Where files are in memory, so that a flush costs nothing; the system's
/// temporary folder where there is no such place.
inline std::filesystem::path memory_folder() {
  const std::filesystem::path shared_memory{"/dev/shm"};
  std::error_code missing;
  return std::filesystem::is_directory(shared_memory, missing)
           ? shared_memory
           : std::filesystem::temp_directory_path();
}

/// An empty folder under the system's temporary folder or another one, removed
/// with all that is in it at the end.
class temporary_directory {
public:
  explicit temporary_directory(const std::filesystem::path& in
                               = std::filesystem::temp_directory_path()) {
    auto pattern = (in / "lockstep-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), pattern);
    path_ = pattern;
  }

  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const {
    return path_;
  }

  /// A path in this folder; nothing is created.
  std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

} // namespace lockstep
