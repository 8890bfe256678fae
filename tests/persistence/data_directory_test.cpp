#include "persistence/data_directory.hpp"

#include "persistence/atomic_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>

namespace lockstep {
namespace {

/// Another process that holds the directory until `let_go`.
class holder {
public:
  explicit holder(const std::filesystem::path& directory) {
    std::array<int, 2> ready{};
    std::array<int, 2> stop{};
    if (::pipe(ready.data()) != 0 || ::pipe(stop.data()) != 0)
      std::abort();
    process_ = ::fork();
    if (process_ == 0) {
      ::close(stop[1]);
      hold(directory, ready[1], stop[0]);
    }
    ::close(ready[1]);
    ::close(stop[0]);
    stop_ = file_descriptor{stop[1]};
    char answer = 0;
    holds_ = ::read(ready[0], &answer, 1) == 1 && answer == 'y';
    ::close(ready[0]);
  }

  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;

  ~holder() {
    if (stop_.is_open())
      let_go();
  }

  [[nodiscard]] bool holds() const {
    return holds_;
  }

  [[nodiscard]] pid_t process() const {
    return process_;
  }

  /// Ends the process without letting it clean up, as a crash would.
  void let_go() {
    { file_descriptor closed = std::move(stop_); }
    ::waitpid(process_, nullptr, 0);
  }

private:
  [[noreturn]] static void hold(const std::filesystem::path& directory,
                                int ready, int stop) {
    auto opened = data_directory::open(directory);
    char byte = opened ? 'y' : 'n';
    auto told = ::write(ready, &byte, 1);
    // Returns at the pipe's end, when the parent closes its side or dies.
    while (told == 1 && ::read(stop, &byte, 1) > 0) {}
    ::_exit(0);
  }

  pid_t process_ = 0;
  file_descriptor stop_;
  bool holds_ = false;
};

/// Sets an environment variable for one test.
class environment_variable {
public:
  environment_variable(const char* name, const char* value) : name_{name} {
    if (const char* before = std::getenv(name))
      before_ = before;
    if (value != nullptr)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }

  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

  ~environment_variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(data_directory, is_created_with_its_parents) {
  temporary_directory folder;
  auto opened = data_directory::open(folder / "a" / "b");
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a" / "b"));
  EXPECT_EQ(opened->settings_file(), folder / "a" / "b" / "lockstep.ini");
}

TEST(data_directory, a_second_process_is_refused_and_told_who_has_it) {
  temporary_directory folder;
  holder other{folder.path()};
  ASSERT_TRUE(other.holds());
  auto refused = data_directory::open(folder.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::locked);
  EXPECT_EQ(refused.error().message,
            "Another Lockstep process (pid " + std::to_string(other.process())
              + ") uses " + folder.path().string()
              + "; stop it or choose another --data directory.");
}

TEST(data_directory, the_lock_ends_with_its_process) {
  temporary_directory folder;
  holder other{folder.path()};
  ASSERT_TRUE(other.holds());
  other.let_go();
  EXPECT_TRUE(data_directory::open(folder.path()));
}

TEST(data_directory, one_process_opens_it_once_at_a_time) {
  temporary_directory folder;
  {
    auto first = data_directory::open(folder.path());
    ASSERT_TRUE(first);
    auto moved = std::move(*first);
    EXPECT_EQ(data_directory::open(folder.path()).error().code, errc::locked);
  }
  EXPECT_TRUE(data_directory::open(folder.path()));
}

TEST(data_directory, a_file_in_the_way_is_an_error) {
  temporary_directory folder;
  ASSERT_TRUE(write_file_atomically(folder / "file", ""));
  EXPECT_EQ(data_directory::open(folder / "file").error().code,
            errc::already_exists);
  EXPECT_EQ(data_directory::open("").error().code, errc::invalid_argument);
}

TEST(data_directory, lists_its_libraries) {
  temporary_directory folder;
  auto opened = data_directory::open(folder.path()).value();
  EXPECT_TRUE(opened.libraries()->libraries.empty());
  library_description what;
  what.id.bytes[0] = 1;
  what.name = "photos";
  what.device.bytes[0] = 2;
  what.created_by = what.device;
  ASSERT_TRUE(create_library_folder(opened.libraries_folder(), what));
  auto list = opened.libraries().value();
  ASSERT_EQ(list.libraries.size(), 1u);
  EXPECT_EQ(list.libraries[0].description, what);
  EXPECT_EQ(list.libraries[0].path, opened.library_path(what.id));
}

TEST(data_directory, opening_removes_unfinished_libraries) {
  temporary_directory folder;
  std::filesystem::create_directories(folder / "libraries" / ".new-x");
  ASSERT_TRUE(data_directory::open(folder.path()));
  EXPECT_FALSE(std::filesystem::exists(folder / "libraries" / ".new-x"));
}

TEST(data_directory, default_is_the_environment_then_the_home) {
  environment_variable home{"HOME", "/home/ada"};
  {
    environment_variable chosen{"LOCKSTEP_DATA", "/tmp/elsewhere"};
    EXPECT_EQ(default_data_directory().value(), "/tmp/elsewhere");
  }
  for (const char* none : {static_cast<const char*>(nullptr), ""}) {
    environment_variable chosen{"LOCKSTEP_DATA", none};
    EXPECT_EQ(default_data_directory().value(),
              "/home/ada/.local/share/lockstep");
  }
}

} // namespace
} // namespace lockstep
