#include "apps/embedded/membership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

device_id numbered(std::uint8_t number) {
  device_id made;
  made.bytes.fill(number);
  return made;
}

/// What device 1 knows of a library that it has with 2 and 3.
struct membership : testing::Test {
  membership() {
    known.device = numbered(1);
    known.members
      = {{numbered(1), "a"}, {numbered(2), "b"}, {numbered(3), "c"}};
    seen.peers.resize(2);
    seen.peers[0].device = numbered(2);
    seen.peers[1].device = numbered(3);
  }

  [[nodiscard]] errc code() const {
    const auto checked = check_membership_in("notes", known, seen, refused);
    return checked ? errc::none : checked.error().code;
  }

  library_status known;
  replication_view seen;
  std::vector<refused_by> refused;
};

TEST_F(membership, stands_while_nobody_says_otherwise) {
  EXPECT_EQ(code(), errc::none);
  known.members[1].removed = true;
  refused = {{numbered(2), "not let in, for some other reason", false}};
  EXPECT_EQ(code(), errc::none);
}

TEST_F(membership, is_over_where_the_log_says_so) {
  seen.peers[0].connected = true;
  known.members[0].removed = true;
  EXPECT_EQ(code(), errc::not_member);
  const auto said = check_membership_in("notes", known, seen, refused);
  EXPECT_THAT(said.error().message, testing::HasSubstr("\"notes\""));
}

TEST_F(membership, is_over_where_a_member_says_so_and_no_other_is_connected) {
  refused = {{numbered(2), "removed", true}};
  EXPECT_EQ(code(), errc::not_member);
  seen.peers[1].connected = true;
  EXPECT_EQ(code(), errc::none);
  seen.peers[1].refuses = true;
  EXPECT_EQ(code(), errc::not_member);
}

TEST_F(membership, is_no_matter_of_devices_that_are_no_members) {
  refused = {{numbered(9), "removed", true}};
  EXPECT_EQ(code(), errc::none);
}

TEST_F(membership, is_unknown_where_something_could_not_be_asked) {
  const failure closed{errc::closed, "It is closed."};
  EXPECT_EQ(
    check_membership_in("notes", tl::make_unexpected(closed), seen, refused)
      .error()
      .code,
    errc::closed);
  EXPECT_EQ(
    check_membership_in("notes", known, tl::make_unexpected(closed), refused)
      .error()
      .code,
    errc::closed);
  EXPECT_EQ(
    check_membership_in("notes", known, seen, tl::make_unexpected(closed))
      .error()
      .code,
    errc::closed);
}

} // namespace
} // namespace lockstep
