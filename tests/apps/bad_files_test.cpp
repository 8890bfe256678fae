#include "tests/apps/hosted_nodes.hpp"

#include <SQLiteCpp/Database.h>

#include <fstream>
#include <iterator>

namespace lockstep {
namespace {

/// A closed library whose files a test then spoils.
class bad_files : public hosted_nodes {
protected:
  bad_files() {
    auto device = open("a");
    auto photos = make_library(device);
    if (!within(photos.commit(named("red"))))
      throw std::runtime_error{"cannot commit"};
    id = photos.id();
  }

  std::filesystem::path file(const std::string& name) {
    return directory_of("a") / "libraries" / to_string(id) / name;
  }

  static std::string read(const std::filesystem::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  static void write(const std::filesystem::path& path,
                    const std::string& bytes) {
    std::ofstream{path, std::ios::binary | std::ios::trunc} << bytes;
  }

  /// Opening fails with `code` and one sentence, and changes no byte of `name`.
  void expect_refused(const std::string& name, errc code) {
    const auto before = read(file(name));
    {
      auto device = open("a");
      const auto refused = device.open_library(to_string(id));
      EXPECT_EQ(code_of(refused), code);
      EXPECT_THAT(complaint_of(refused), is_one_sentence());
      EXPECT_TRUE(device.create_library("another one"))
        << "the device's other libraries must not suffer";
    }
    EXPECT_EQ(read(file(name)), before);
  }

  library_id id;
};

TEST_F(bad_files, refuses_a_folder_without_a_description) {
  std::filesystem::remove(file("library.json"));
  expect_refused("sync.db", errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(file("library.json")));
}

TEST_F(bad_files, refuses_a_description_that_is_garbage) {
  write(file("library.json"), "{\"id\": ");
  expect_refused("library.json", errc::corrupt);
}

TEST_F(bad_files, refuses_a_log_that_is_garbage) {
  write(file("sync.db"), std::string(10'000, 'x'));
  expect_refused("sync.db", errc::corrupt);
}

TEST_F(bad_files, refuses_a_database_that_is_garbage) {
  write(file("database.db"), std::string(10'000, 'x'));
  expect_refused("database.db", errc::corrupt);
}

TEST_F(bad_files, refuses_a_log_of_a_newer_version) {
  SQLite::Database{file("sync.db").string(), SQLite::OPEN_READWRITE}.exec(
    "INSERT INTO lockstep_migration(number, name, applied_at)"
    " VALUES(1000, 'of a later year', '')");
  expect_refused("sync.db", errc::newer_format);
}

TEST_F(bad_files, refuses_a_folder_that_another_device_copied) {
  { auto other = open("b"); }
  std::filesystem::create_directories(directory_of("b") / "libraries");
  std::filesystem::copy(directory_of("a") / "libraries" / to_string(id),
                        directory_of("b") / "libraries" / to_string(id),
                        std::filesystem::copy_options::recursive);
  auto other = open("b");
  const auto refused = other.open_library(to_string(id));
  EXPECT_EQ(code_of(refused), errc::invalid_argument);
  EXPECT_THAT(complaint_of(refused), is_one_sentence());
}

TEST_F(bad_files, refuses_a_data_directory_that_is_a_file) {
  write(directory_of("file"), "hello");
  EXPECT_NE(code_of(try_open("file")), errc::none);
  EXPECT_EQ(read(directory_of("file")), "hello");
}

TEST_F(bad_files, refuses_a_key_that_is_garbage) {
  write(directory_of("a") / "device" / "key.pem", "no key");
  EXPECT_EQ(code_of(try_open("a")), errc::corrupt);
  EXPECT_EQ(read(directory_of("a") / "device" / "key.pem"), "no key");
}

} // namespace
} // namespace lockstep
