#include "tests/processes/in_namespaces.hpp"

namespace lockstep {
namespace {

TEST_F(in_namespaces, slow_meet_at_addresses_of_their_own) {
  meet();
  const auto members = ask("c", "members notes");
  ASSERT_EQ(members.size(), 3U);
  std::map<std::string, std::string> addresses;
  for (const auto& one : members)
    addresses[one["name"]] = one["address"];
  EXPECT_EQ(addresses["a"], "10.77.0.1:47477");
  EXPECT_EQ(addresses["b"], "10.77.0.2:47477");
  EXPECT_EQ(addresses["c"], "10.77.0.3:47477");
  // B and C learned of each other through the log.
  EXPECT_TRUE(eventually([&] {
    for (const auto& one : ask("b", "members notes"))
      if (one["connected"] == false)
        return false;
    return true;
  }));
  expect_equal();
}

TEST_F(in_namespaces, slow_go_on_when_the_leader_is_cut_off) {
  meet();
  set_cable("a", "down");
  write("a", "alone on a");
  write("b", "from b");
  EXPECT_TRUE(eventually([&] { return has("c", "from b"); }));
  EXPECT_TRUE(eventually([&] {
    const auto leader = ask("c", "leader notes")["leader"];
    return leader.is_string() && leader != ask("a", "status notes")["device"];
  }));
  set_cable("a", "up");
  expect_everywhere("alone on a");
  expect_everywhere("from b");
  expect_equal();
}

TEST_F(in_namespaces, slow_find_a_device_that_moved) {
  meet();
  ASSERT_TRUE(shell(in("b") + "addr flush dev eth0").second);
  ASSERT_TRUE(shell(in("b") + "addr add 10.77.0.22/24 dev eth0").second);
  write("a", "to b");
  write("b", "from b");
  expect_everywhere("to b");
  expect_everywhere("from b");
  expect_equal();
}

} // namespace
} // namespace lockstep
