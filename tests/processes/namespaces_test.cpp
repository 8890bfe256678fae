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

/// Only A and B, who lose sight of each other and move meanwhile.
class two_that_move : public in_namespaces {
protected:
  void move_apart(const std::string& a, const std::string& b) {
    serve_in("a");
    serve_in("b");
    pair();
    write("a", "first");
    ASSERT_TRUE(eventually([&] { return has("b", "first"); }));
    set_cable("a", "down");
    move("a", a);
    move("b", b);
    ASSERT_TRUE(eventually([&] { return !sees("a", "b") && !sees("b", "a"); }));
    write("a", "from a");
    write("b", "from b");
    set_cable("a", "up");
  }

  void expect_found() {
    EXPECT_TRUE(eventually([&] { return has("b", "from a"); }));
    EXPECT_TRUE(eventually([&] { return has("a", "from b"); }));
    for (const auto* name : {"a", "b"})
      EXPECT_EQ(on(name, "wait notes --timeout 60s").status, 0) << name;
    EXPECT_EQ(ask("a", "check notes"), ask("b", "check notes"));
  }
};

TEST_F(two_that_move, slow_find_each_other) {
  move_apart("10.77.0.11", "10.77.0.22");
  expect_found();
}

TEST_F(two_that_move, slow_find_each_other_by_addresses_of_the_link_alone) {
  move_apart("", "");
  expect_found();
}

TEST_F(in_namespaces, slow_say_nothing_where_discovery_is_off) {
  const auto speaks = [&](const std::string& name) {
    // The port in hexadecimal.
    return shell("ip netns exec " + space(name)
                 + " grep -q :B975 /proc/net/udp /proc/net/udp6")
      .second;
  };
  serve_in("a", "0s");
  serve_in("b");
  EXPECT_TRUE(eventually([&] { return speaks("b"); }));
  EXPECT_FALSE(speaks("a"));
}

} // namespace
} // namespace lockstep
