#include "tests/crash/slow_kill.hpp"

#include <algorithm>
#include <set>

namespace lockstep {

namespace {

/// The names of what lies in a folder; none where it is not there.
std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  std::error_code missing;
  for (const auto& one : std::filesystem::directory_iterator{folder, missing})
    names.insert(one.path().filename().string());
  return names;
}

std::set<device_id> members_of(library& of) {
  std::set<device_id> devices;
  const auto now = of.status().get();
  EXPECT_TRUE(now) << now.error().message;
  if (now)
    for (const auto& one : now->members)
      devices.insert(one.device);
  return devices;
}

/// A device lists all that lies in its folder of libraries, and opens it.
void check_no_half_library(const std::filesystem::path& directory) {
  runtime shared;
  auto device = node::open(shared, crash_options(directory));
  ASSERT_TRUE(device) << device.error().message;
  const auto known = device->libraries();
  ASSERT_TRUE(known) << known.error().message;
  std::set<std::string> names;
  for (const auto& one : *known)
    names.insert(to_string(one.id));
  EXPECT_EQ(names_in(directory / "libraries"), names);
  EXPECT_LE(names.size(), 1U);
  const auto opened = device->open_library(crash_library);
  if (names.empty()) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::not_found);
  } else {
    ASSERT_TRUE(opened) << opened.error().message;
  }
}

} // namespace

TEST_F(slow_kill, leaves_no_half_library_when_it_is_made) {
  for (int i = 0; i < 32; ++i) {
    SCOPED_TRACE("kill " + std::to_string(i));
    // Some go on where the one before was killed, some begin anew.
    if (i % 2 == 0)
      std::filesystem::remove_all(directory.path());
    std::filesystem::create_directories(directory.path());
    const kill_moment when{false,
                           std::chrono::microseconds{random() % 150'000}};
    ASSERT_NO_FATAL_FAILURE(kill_one("create", when));
    ASSERT_NO_FATAL_FAILURE(check_no_half_library(directory / "a"));
    ASSERT_NO_FATAL_FAILURE(check_no_half_library(directory / "b"));
    if (i % 2 == 0)
      continue;
    opened_devices devices{directory.path(), true};
    ASSERT_EQ(devices.problem(), "");
    told.clear();
    check(devices, true);
    EXPECT_EQ(members_of(devices.leader()).size(), 2U);
    EXPECT_EQ(members_of(devices.follower()), members_of(devices.leader()));
  }
}

} // namespace lockstep
