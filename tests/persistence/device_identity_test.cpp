#include "persistence/device_identity.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/described_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

constexpr wall_time at_noon{std::chrono::milliseconds{1'700'000'000'123}};

new_device seeded(std::uint64_t seed) {
  return {"laptop", at_noon, seed};
}

failure failure_in(const temporary_directory& folder) {
  auto opened = open_or_create_identity(folder.path(), "laptop");
  return opened ? failure{errc::none, ""} : opened.error();
}

/// Changes one field of device.json.
void describe(const temporary_directory& folder, const char* field,
              const nlohmann::json& value) {
  auto file = folder / "device" / "device.json";
  auto content = read_described(file, 1).value();
  content[field] = value;
  ASSERT_TRUE(write_described(file, content));
}

TEST(device_identity, second_time_changes_nothing) {
  temporary_directory folder;
  auto first = open_or_create_identity(folder.path(), "laptop");
  ASSERT_TRUE(first) << first.error().message;
  auto key = read_file(first->key_file).value();
  auto description = read_file(folder / "device" / "device.json").value();

  auto second = open_or_create_identity(folder.path(), "another name");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(second->name, "laptop");
  EXPECT_EQ(second->created_at, first->created_at);
  EXPECT_EQ(second->key, first->key);
  EXPECT_EQ(read_file(first->key_file).value(), key);
  EXPECT_EQ(read_file(folder / "device" / "device.json").value(), description);
}

TEST(device_identity, id_proves_itself_by_the_key) {
  temporary_directory folder;
  auto device = open_or_create_identity(folder.path(), "laptop").value();
  EXPECT_EQ(device.id, device_of(device.key));
  EXPECT_FALSE(device.id.is_nil());
}

TEST(device_identity, id_is_the_start_of_sha_256) {
  // SHA-256 of 32 zero bytes: 66687aadf862bd776c8fc18b8e9f8e20...
  EXPECT_EQ(to_string(device_of({})), "66687aad-f862-bd77-6c8f-c18b8e9f8e20");
  EXPECT_EQ(fingerprint_of({}),
            "66:68:7a:ad:f8:62:bd:77:6c:8f:c1:8b:8e:9f:8e:20:08:97:14:85:6e:e2:"
            "33:b3:90:2a:59:1d:0d:5f:29:25");
}

TEST(device_identity, two_devices_differ) {
  temporary_directory one;
  temporary_directory two;
  EXPECT_NE(open_or_create_identity(one.path(), "a")->id,
            open_or_create_identity(two.path(), "a")->id);
}

TEST(device_identity, a_seed_decides_the_key) {
  temporary_directory one;
  temporary_directory two;
  temporary_directory three;
  auto first = open_or_create_identity(one.path(), seeded(7)).value();
  EXPECT_EQ(first.id, open_or_create_identity(two.path(), seeded(7))->id);
  EXPECT_NE(first.id, open_or_create_identity(three.path(), seeded(8))->id);
  EXPECT_EQ(first.created_at, at_noon);
}

TEST(device_identity, only_the_owner_can_read_the_key) {
  temporary_directory folder;
  auto device = open_or_create_identity(folder.path(), "laptop").value();
  struct stat found {};
  ASSERT_EQ(::stat(device.key_file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
}

TEST(device_identity, refuses_a_key_that_others_can_read) {
  temporary_directory folder;
  auto device = open_or_create_identity(folder.path(), "laptop").value();
  ASSERT_EQ(::chmod(device.key_file.c_str(), 0640), 0);
  auto refused = failure_in(folder);
  EXPECT_EQ(refused.code, errc::io);
  EXPECT_THAT(refused.message, HasSubstr("0640"));
  EXPECT_THAT(refused.message, HasSubstr("chmod 600"));
}

TEST(device_identity, goes_on_where_a_crash_cut_the_creation_off) {
  temporary_directory folder;
  auto before = open_or_create_identity(folder.path(), "laptop").value();
  std::filesystem::remove(folder / "device" / "device.json");
  auto after = open_or_create_identity(folder.path(), "laptop");
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->id, before.id);
}

TEST(device_identity, never_replaces_a_lost_key) {
  temporary_directory folder;
  auto device = open_or_create_identity(folder.path(), "laptop").value();
  std::filesystem::remove(device.key_file);
  EXPECT_EQ(failure_in(folder).code, errc::corrupt);
  EXPECT_FALSE(std::filesystem::exists(device.key_file));
}

TEST(device_identity, refuses_a_damaged_key) {
  temporary_directory folder;
  auto device = open_or_create_identity(folder.path(), "laptop").value();
  ASSERT_TRUE(write_file_atomically(device.key_file, "not a key", 0600));
  auto refused = failure_in(folder);
  EXPECT_EQ(refused.code, errc::corrupt);
  EXPECT_THAT(refused.message, HasSubstr("key.pem is damaged"));
}

TEST(device_identity, refuses_the_key_of_another_device) {
  temporary_directory one;
  temporary_directory two;
  auto first = open_or_create_identity(one.path(), seeded(1)).value();
  auto second = open_or_create_identity(two.path(), seeded(2)).value();
  std::filesystem::copy_file(first.key_file, second.key_file,
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_EQ(::chmod(second.key_file.c_str(), 0600), 0);
  auto refused = failure_in(two);
  EXPECT_EQ(refused.code, errc::corrupt);
  EXPECT_THAT(refused.message, HasSubstr(to_string(first.id)));
  EXPECT_THAT(refused.message, HasSubstr(to_string(second.id)));
}

TEST(device_identity, refuses_a_damaged_description) {
  temporary_directory folder;
  ASSERT_TRUE(open_or_create_identity(folder.path(), "laptop"));
  describe(folder, "name", "");
  EXPECT_EQ(failure_in(folder).code, errc::corrupt);
  describe(folder, "name", 5);
  EXPECT_EQ(failure_in(folder).code, errc::corrupt);
  ASSERT_TRUE(write_file_atomically(folder / "device" / "device.json", "{"));
  EXPECT_EQ(failure_in(folder).code, errc::corrupt);
}

TEST(device_identity, refuses_a_newer_format_and_leaves_it) {
  temporary_directory folder;
  ASSERT_TRUE(open_or_create_identity(folder.path(), "laptop"));
  describe(folder, "format", 2);
  auto before = read_file(folder / "device" / "device.json").value();
  EXPECT_EQ(failure_in(folder).code, errc::newer_format);
  EXPECT_EQ(read_file(folder / "device" / "device.json").value(), before);
}

TEST(device_identity, refuses_a_bad_name_before_it_makes_anything) {
  temporary_directory folder;
  auto refused = open_or_create_identity(folder.path(), "a/b");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(folder / "device"));
}

} // namespace
} // namespace lockstep
