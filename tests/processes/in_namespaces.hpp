#pragma once

#include "tests/processes/two_processes.hpp"

#include <map>

namespace lockstep {

/// What a shell command says, and whether it ended well.
inline std::pair<std::string, bool> shell(const std::string& command) {
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

  static std::string address_of(const std::string& name) {
    return "10.77.0." + std::to_string(name.front() - 'a' + 1);
  }

  void serve_in(const std::string& name, const std::string& discovery = "1s") {
    devices_[name] = std::make_unique<served_device>(
      data_of(name), complaints(name),
      serving{"0.0.0.0:47477",
              {"network.keepalive=500ms", "network.discovery=" + discovery},
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

  /// Gives a device another address of IPv4; none where it is empty.
  static void move(const std::string& name, const std::string& to) {
    ASSERT_TRUE(shell(in(name) + "-4 addr flush dev eth0").second);
    if (to.empty())
      return;
    ASSERT_TRUE(shell(in(name) + "addr add " + to + "/24 dev eth0").second);
  }

  bool sees(const std::string& name, const std::string& other) {
    for (const auto& one : ask(name, "members notes"))
      if (one["name"] == other)
        return one["connected"] == true;
    return false;
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
    for (const std::string name : {"a", "b", "c"}) {
      for (const auto& one :
           {"ip netns add " + space(name), in(name) + "link set lo up",
            in("hub") + "link add to-" + name + " type veth peer name eth0"
              + " netns " + space(name),
            in("hub") + "link set to-" + name + " master switch up",
            in(name) + "addr add " + address_of(name) + "/24 dev eth0",
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

} // namespace lockstep
