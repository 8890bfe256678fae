#include "persistence/data_directory.hpp"

#include "persistence/atomic_file.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace lockstep {

namespace {

/// The process that holds the lock writes its id into the lock file.
std::string process_in(const std::filesystem::path& lock_file) {
  auto text = read_file(lock_file, 64).value_or("");
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text.empty() ? "unknown" : text;
}

/// For people only; the lock holds without it.
void note_process(int lock) {
  auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) == 0)
    static_cast<void>(!::write(lock, text.data(), text.size()));
}

expected<file_descriptor> take_lock(const std::filesystem::path& directory) {
  auto file = directory / "lock";
  file_descriptor lock{
    ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!lock.is_open())
    return tl::make_unexpected(
      system_failure(errno, "Cannot write " + file.string()));
  while (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR)
      continue;
    if (errno == EWOULDBLOCK)
      return fail(errc::locked, "Another Lockstep process (pid "
                                  + process_in(file) + ") uses "
                                  + directory.string()
                                  + "; stop it or choose another --data "
                                    "directory.");
    return tl::make_unexpected(
      system_failure(errno, "Cannot lock " + file.string()));
  }
  note_process(lock.number());
  return lock;
}

} // namespace

expected<std::filesystem::path> default_data_directory() {
  if (const char* chosen = std::getenv("LOCKSTEP_DATA");
      chosen != nullptr && *chosen != '\0')
    return std::filesystem::path{chosen};
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const auto* user = ::getpwuid(::getuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  if (home == nullptr || *home == '\0')
    return fail(errc::not_found,
                "This user has no home directory; set LOCKSTEP_DATA or give "
                "--data.");
  return std::filesystem::path{home} / ".local" / "share" / "lockstep";
}

data_directory::data_directory(std::filesystem::path path, file_descriptor lock)
  : path_{std::move(path)}, lock_{std::move(lock)} {
}

expected<data_directory>
data_directory::open(const std::filesystem::path& path) {
  if (path.empty())
    return fail(errc::invalid_argument,
                "The data directory's path is empty; give --data.");
  if (auto made = create_folder(path); !made)
    return tl::make_unexpected(made.error());
  auto lock = take_lock(path);
  if (!lock)
    return tl::make_unexpected(lock.error());
  data_directory opened{path, std::move(*lock)};
  remove_unfinished_libraries(opened.libraries_folder());
  return opened;
}

std::filesystem::path data_directory::settings_file() const {
  return path_ / "lockstep.ini";
}

std::filesystem::path data_directory::libraries_folder() const {
  return path_ / "libraries";
}

std::filesystem::path data_directory::library_path(library_id id) const {
  return libraries_folder() / to_string(id);
}

expected<library_listing> data_directory::libraries() const {
  return list_library_folders(libraries_folder());
}

} // namespace lockstep
