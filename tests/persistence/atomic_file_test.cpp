#include "persistence/atomic_file.hpp"

#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <iterator>

namespace lockstep {
namespace {

mode_t mode_of(const std::filesystem::path& file) {
  struct stat found {};
  EXPECT_EQ(::stat(file.c_str(), &found), 0);
  return found.st_mode & 0777u;
}

auto files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator{folder}, {});
}

TEST(atomic_file, reads_back_what_was_written) {
  temporary_directory folder;
  std::string content(100'000, 'x');
  content += '\0';
  ASSERT_TRUE(write_file_atomically(folder / "a", content));
  EXPECT_EQ(read_file(folder / "a").value(), content);
}

TEST(atomic_file, replaces_the_whole_file_and_leaves_nothing_beside_it) {
  temporary_directory folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "a long first content"));
  ASSERT_TRUE(write_file_atomically(folder / "a", "short"));
  EXPECT_EQ(read_file(folder / "a").value(), "short");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(atomic_file, gives_exactly_the_permissions_asked_for) {
  temporary_directory folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "", 0600));
  EXPECT_EQ(mode_of(folder / "a"), 0600u);
  ASSERT_TRUE(write_file_atomically(folder / "a", "", 0644));
  EXPECT_EQ(mode_of(folder / "a"), 0644u);
}

TEST(atomic_file, a_write_that_fails_leaves_nothing_behind) {
  temporary_directory folder;
  // A folder that is not empty cannot be replaced by a file.
  std::filesystem::create_directories(folder / "a" / "b");
  EXPECT_FALSE(write_file_atomically(folder / "a", "content"));
  EXPECT_EQ(files_in(folder.path()), 1);
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a"));
}

TEST(atomic_file, a_missing_file_is_not_found) {
  temporary_directory folder;
  auto read = read_file(folder / "none");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::not_found);
  EXPECT_NE(read.error().message.find("none"), std::string::npos);
}

TEST(atomic_file, a_file_past_the_limit_is_too_large) {
  temporary_directory folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "12345"));
  EXPECT_TRUE(read_file(folder / "a", 5));
  EXPECT_EQ(read_file(folder / "a", 4).error().code, errc::too_large);
}

TEST(atomic_file, system_errors_have_their_codes) {
  EXPECT_EQ(system_failure(ENOSPC, "x").code, errc::disk_full);
  EXPECT_EQ(system_failure(EROFS, "x").code, errc::read_only);
  EXPECT_EQ(system_failure(EACCES, "x").code, errc::read_only);
  EXPECT_EQ(system_failure(EIO, "x").code, errc::io);
}

TEST(atomic_file, creates_a_folder_with_its_parents_for_the_owner_only) {
  temporary_directory folder;
  ASSERT_TRUE(create_folder(folder / "a" / "b"));
  EXPECT_EQ(mode_of(folder / "a" / "b"), 0700u);
  EXPECT_TRUE(create_folder(folder / "a" / "b"));
}

TEST(atomic_file, no_folder_where_a_file_is) {
  temporary_directory folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", ""));
  EXPECT_EQ(create_folder(folder / "a").error().code, errc::already_exists);
}

} // namespace
} // namespace lockstep
