#include "persistence/trusted_devices.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/device_certificate.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class trust : public testing::Test {
protected:
  trust() {
    std::filesystem::create_directories(folder / "device");
  }

  static trusted_device named(const std::string& name) {
    temporary_directory other;
    const auto identity = open_or_create_identity(other.path(), name).value();
    return {identity.id,
            name,
            open_or_create_certificate(other.path(), identity).value(),
            {"host.example:4000"}};
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "device" / "trusted.pem";
  }

  temporary_directory folder;
};

TEST_F(trust, begins_with_nobody) {
  const auto opened = trusted_devices::open(folder.path());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(opened->list().empty());
  EXPECT_EQ(opened->find(device_id{}), nullptr);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(trust, survives) {
  const auto ann = named("Ann's laptop");
  const auto bob = named("Bob");
  {
    auto opened = trusted_devices::open(folder.path()).value();
    ASSERT_TRUE(opened.put(ann));
    ASSERT_TRUE(opened.put(bob));
  }
  auto again = trusted_devices::open(folder.path());
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_NE(again->find(ann.id), nullptr);
  EXPECT_EQ(*again->find(ann.id), ann);
  EXPECT_EQ(*again->find(bob.id), bob);
  ASSERT_TRUE(again->remove(ann.id));
  EXPECT_EQ(trusted_devices::open(folder.path())->find(ann.id), nullptr);
  EXPECT_NE(trusted_devices::open(folder.path())->find(bob.id), nullptr);
}

TEST_F(trust, is_for_the_owner_only) {
  auto opened = trusted_devices::open(folder.path()).value();
  ASSERT_TRUE(opened.put(named("Ann")));
  struct stat found {};
  ASSERT_EQ(::stat(file().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777u, 0600u);
}

TEST_F(trust, replaces_what_it_knew) {
  auto ann = named("Ann");
  auto opened = trusted_devices::open(folder.path()).value();
  ASSERT_TRUE(opened.put(ann));
  ann.addresses = {"10.0.0.1:1", "[::1]:65535"};
  ASSERT_TRUE(opened.put(ann));
  EXPECT_EQ(opened.list().size(), 1u);
  EXPECT_THAT(trusted_devices::open(folder.path())->find(ann.id)->addresses,
              ElementsAre("10.0.0.1:1", "[::1]:65535"));
}

TEST_F(trust, keeps_no_address_that_is_none) {
  auto ann = named("Ann");
  ann.addresses = {"",
                   "host",
                   "host:",
                   ":1",
                   "host:0",
                   "host:65536",
                   "ho st:1",
                   "host:1\nDevice: x",
                   std::string(300, 'h') + ":1",
                   "ok:1"};
  auto opened = trusted_devices::open(folder.path()).value();
  ASSERT_TRUE(opened.put(ann));
  EXPECT_THAT(opened.find(ann.id)->addresses, ElementsAre("ok:1"));
  ann.addresses.assign(100, "ok:1");
  ASSERT_TRUE(opened.put(ann));
  EXPECT_EQ(opened.find(ann.id)->addresses.size(),
            trusted_devices::most_addresses);
}

TEST_F(trust, takes_no_certificate_of_somebody_else) {
  auto ann = named("Ann");
  ann.certificate = named("Bob").certificate;
  auto opened = trusted_devices::open(folder.path()).value();
  const auto put = opened.put(ann);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, errc::invalid_argument);
  EXPECT_TRUE(opened.list().empty());
}

TEST_F(trust, a_name_cannot_forge_a_line) {
  auto ann = named("Ann");
  ann.name = "Ann\nAddress: evil:1\n-----BEGIN CERTIFICATE-----";
  auto opened = trusted_devices::open(folder.path()).value();
  ASSERT_TRUE(opened.put(ann));
  const auto again = trusted_devices::open(folder.path());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->find(ann.id)->addresses, ann.addresses);
}

TEST_F(trust, says_what_is_damaged_and_changes_nothing) {
  auto ann = named("Ann");
  {
    auto opened = trusted_devices::open(folder.path()).value();
    ASSERT_TRUE(opened.put(ann));
  }
  const auto whole = read_file(file()).value();
  auto other = whole;
  other.replace(other.find(to_string(ann.id)), 8, "00000000");
  for (const auto& content : {other, whole.substr(0, whole.size() - 20),
                              whole.substr(whole.find("-----BEGIN"))}) {
    ASSERT_TRUE(write_file_atomically(file(), content, 0600));
    const auto opened = trusted_devices::open(folder.path());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::corrupt);
    EXPECT_THAT(opened.error().message, HasSubstr("trusted.pem"));
    EXPECT_EQ(read_file(file()).value(), content);
  }
}

} // namespace
} // namespace lockstep
