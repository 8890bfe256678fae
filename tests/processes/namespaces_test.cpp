#include "tests/processes/two_processes.hpp"

#include <map>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// What a shell command says, and whether it ended well.
std::pair<std::string, bool> shell(const std::string& command) {
  auto* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string out;
  char bytes[512];
  while (const auto size = fread(bytes, 1, sizeof bytes, pipe))
    out.append(bytes, size);
  return {out, pclose(pipe) == 0};
}

/// Three devices with addresses of their own, each in a network namespace, on
/// one switch.
class in_namespaces : public two_processes {
protected:
  in_namespaces() {
    make("c");
    refused_ = build();
  }

  ~in_namespaces() override {
    devices_.clear();
    for (const auto* name : {"a", "b", "c", "hub"})
      shell("ip netns delete " + space(name));
  }

  void SetUp() override {
    if (!refused_.empty())
      GTEST_SKIP() << "no network namespaces here: " << refused_;
  }

  [[nodiscard]] static std::string space(const std::string& name) {
    return "lockstep-" + std::to_string(getpid()) + "-" + name;
  }

  static std::string in(const std::string& name) {
    return "ip -n " + space(name) + " ";
  }

  void serve_in(const std::string& name) {
    devices_[name] = std::make_unique<served_device>(
      data_of(name), complaints(name),
      serving{"0.0.0.0:47477",
              {"network.keepalive=500ms"},
              {"/usr/bin/env", "ip", "netns", "exec", space(name)}});
    ASSERT_EQ(devices_[name]->first_line(), "listening on 0.0.0.0:47477");
  }

  /// All three run, and are members.
  void meet() {
    for (const auto* name : {"a", "b", "c"})
      serve_in(name);
    for (const auto* name : {"b", "c"})
      pair(name);
    write("a", "first");
    expect_everywhere("first");
  }

  static void set_cable(const std::string& name, const std::string& state) {
    ASSERT_TRUE(shell(in("hub") + "link set to-" + name + " " + state).second);
  }

  void expect_everywhere(const std::string& id) {
    for (const auto* name : {"a", "b", "c"})
      EXPECT_TRUE(eventually([&] { return has(name, id); }))
        << id << " on " << name;
  }

  void expect_equal() {
    for (const auto* name : {"a", "b", "c"})
      ASSERT_EQ(on(name, "wait notes --timeout 60s").status, 0) << name;
    EXPECT_TRUE(eventually([&] {
      const auto first = ask("a", "check notes");
      return ask("b", "check notes") == first
             && ask("c", "check notes") == first;
    }));
  }

  std::map<std::string, std::unique_ptr<served_device>> devices_;

private:
  /// Why not; empty where all is built.
  std::string build() {
    std::vector<std::string> commands{"ip netns add " + space("hub"),
                                      in("hub") + "link add switch type bridge",
                                      in("hub") + "link set switch up"};
    int number = 0;
    for (const std::string name : {"a", "b", "c"}) {
      const auto address = "10.77.0." + std::to_string(++number) + "/24";
      for (const auto& one :
           {"ip netns add " + space(name), in(name) + "link set lo up",
            in("hub") + "link add to-" + name + " type veth peer name eth0"
              + " netns " + space(name),
            in("hub") + "link set to-" + name + " master switch up",
            in(name) + "addr add " + address + " dev eth0",
            in(name) + "link set eth0 up"})
        commands.push_back(one);
    }
    for (const auto& one : commands)
      if (const auto [said, fine] = shell(one); !fine)
        return one + ": " + said;
    return {};
  }

  std::string refused_;
};

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

TEST_F(in_namespaces, slow_sync_over_a_slow_and_lossy_link) {
  for (const auto* name : {"b", "c"})
    if (const auto [said, fine]
        = shell("tc -n " + space("hub") + " qdisc add dev to-"
                + std::string{name} + " root netem delay 60ms 20ms loss 5%");
        !fine)
      GTEST_SKIP() << "no netem here: " << said;
  meet();
  for (int i = 0; i < 30; ++i)
    for (const auto* name : {"a", "b", "c"})
      write(name, std::string{name} + std::to_string(i));
  for (const auto* last : {"a29", "b29", "c29"})
    expect_everywhere(last);
  expect_equal();
}

} // namespace
} // namespace lockstep
