#include "persistence/atomic_file.hpp"

#include "persistence/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace lockstep {

namespace {

/// 0, or the error number.
int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    auto written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

/// Fills the temporary file and puts it in place; 0, or the error number.
int fill_and_rename(int descriptor, const std::string& temporary,
                    const std::filesystem::path& file, std::string_view content,
                    mode_t mode) {
  if (auto error = write_all(descriptor, content); error != 0)
    return error;
  if (::fchmod(descriptor, mode) != 0 || ::fsync(descriptor) != 0
      || std::rename(temporary.c_str(), file.c_str()) != 0)
    return errno;
  return 0;
}

errc code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return errc::not_found;
    case EEXIST:
    case ENOTEMPTY:
      return errc::already_exists;
    case ENOSPC:
    case EDQUOT:
      return errc::disk_full;
    case EROFS:
    case EACCES:
    case EPERM:
      return errc::read_only;
    default:
      return errc::io;
  }
}

/// What to do, as the end of a sentence.
std::string advice_on(errc code) {
  switch (code) {
    case errc::disk_full:
      return "; free some space and try again.";
    case errc::read_only:
      return "; check the permissions of the file and of its folder.";
    default:
      return ".";
  }
}

} // namespace

failure system_failure(int error_number, const std::string& what) {
  const auto code = code_of(error_number);
  return {code, what + ": " + std::generic_category().message(error_number)
                  + advice_on(code)};
}

expected<void> write_file_atomically(const std::filesystem::path& file,
                                     std::string_view content, mode_t mode) {
  auto temporary = file.string() + ".XXXXXX";
  file_descriptor opened{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (!opened.is_open())
    return tl::make_unexpected(
      system_failure(errno, "Cannot write " + file.string()));
  auto error = fill_and_rename(opened.number(), temporary, file, content, mode);
  if (error != 0) {
    ::unlink(temporary.c_str());
    return tl::make_unexpected(
      system_failure(error, "Cannot write " + file.string()));
  }
  return sync_folder(folder_of(file));
}

expected<std::string> read_file(const std::filesystem::path& file,
                                std::size_t limit) {
  file_descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!opened.is_open())
    return tl::make_unexpected(
      system_failure(errno, "Cannot read " + file.string()));
  std::string content;
  std::array<char, 4096> part{};
  while (true) {
    auto count = ::read(opened.number(), part.data(), part.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return tl::make_unexpected(
        system_failure(errno, "Cannot read " + file.string()));
    if (count == 0)
      return content;
    content.append(part.data(), static_cast<std::size_t>(count));
    if (content.size() > limit)
      return fail(errc::too_large, file.string() + " has more than "
                                     + std::to_string(limit) + " bytes.");
  }
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  auto folder = file.parent_path();
  return folder.empty() ? std::filesystem::path{"."} : folder;
}

expected<void> sync_folder(const std::filesystem::path& folder) {
  file_descriptor opened{
    ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.is_open() || ::fsync(opened.number()) != 0)
    return tl::make_unexpected(
      system_failure(errno, "Cannot write " + folder.string()));
  return {};
}

expected<void> create_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored))
    return {};
  auto parent = folder_of(folder);
  if (auto made = create_folder(parent); !made)
    return made;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return tl::make_unexpected(
      system_failure(errno, "Cannot create " + folder.string()));
  if (!std::filesystem::is_directory(folder, ignored))
    return fail(errc::already_exists,
                folder.string() + " is in the way: it is no folder.");
  return sync_folder(parent);
}

} // namespace lockstep
