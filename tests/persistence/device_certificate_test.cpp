#include "persistence/device_certificate.hpp"

#include "persistence/atomic_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

using testing::HasSubstr;

class certificate : public testing::Test {
protected:
  expected<std::string> open() {
    return open_or_create_certificate(folder.path(), identity);
  }
  [[nodiscard]] std::filesystem::path file() const {
    return folder / "device" / "certificate.pem";
  }

  temporary_directory folder;
  device_identity identity
    = open_or_create_identity(folder.path(), "laptop").value();
};

TEST_F(certificate, is_of_the_devices_key_and_stays) {
  const auto first = open();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(key_of_certificate(*first), identity.key);
  EXPECT_THAT(*first, HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_EQ(read_file(file()), first);
  EXPECT_EQ(open(), first);
}

TEST_F(certificate, is_made_anew_when_missing) {
  const auto first = open();
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE(std::filesystem::remove(file()));
  const auto again = open();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(key_of_certificate(*again), identity.key);
}

TEST_F(certificate, of_another_key_is_refused_and_left_alone) {
  temporary_directory elsewhere;
  const auto other = open_or_create_identity(elsewhere.path(), "b").value();
  for (const auto& content :
       {open_or_create_certificate(elsewhere.path(), other).value(),
        std::string{"nothing"}, std::string{}}) {
    ASSERT_TRUE(write_file_atomically(file(), content));
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::corrupt);
    EXPECT_THAT(opened.error().message, HasSubstr("certificate.pem"));
    EXPECT_EQ(read_file(file()), content);
  }
}

TEST_F(certificate, digest_of_a_key_begins_with_the_devices_id) {
  const auto digest = digest_of(identity.key);
  EXPECT_TRUE(std::equal(identity.id.bytes.begin(), identity.id.bytes.end(),
                         digest.begin()));
}

} // namespace
} // namespace lockstep
