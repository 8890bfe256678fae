#include "tests/processes/in_namespaces.hpp"

#include <sstream>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// How bad a cable is; the loss is of a thousand frames.
struct cable_quality {
  int delay_ms = 0;
  int jitter_ms = 0;
  int loss = 0;
};

/// What became of the frames of a cable.
struct frame_count {
  std::size_t carried = 0;
  std::size_t lost = 0;
  std::size_t overtaken = 0;
  std::size_t swallowed = 0;
};

/// Devices on cables of our own, so that no kernel module is needed for a link
/// that delays, reorders, loses and falls silent.
class on_bad_links : public in_namespaces {
protected:
  /// Gives a device such a cable in the place of its good one; why not where
  /// this machine does not permit it.
  std::string replace_cable(const std::string& name, const cable_quality& how) {
    prepare(in("hub") + "link delete to-" + name);
    const auto number = std::to_string(cables_.size() + 1);
    cables_[name] = std::make_unique<process>(
      std::vector<std::string>{
        LOCKSTEP_LOSSY_CABLE, space("hub"), "to-" + name, space(name), "eth0",
        std::to_string(how.delay_ms), std::to_string(how.jitter_ms),
        std::to_string(how.loss), number},
      complaints(name));
    const auto said = cables_[name]->next_line();
    if (said.starts_with("not permitted"))
      return said;
    EXPECT_EQ(said, "ready");
    prepare(in("hub") + "link set to-" + name + " master switch up");
    prepare(in(name) + "addr add " + address_of(name) + "/24 dev eth0");
    prepare(in(name) + "link set eth0 up");
    return {};
  }

  /// The cable carries nothing, and neither end notices.
  void fall_silent(const std::string& name) {
    kill(cables_.at(name)->id(), SIGUSR1);
  }
  void speak_again(const std::string& name) {
    kill(cables_.at(name)->id(), SIGUSR2);
  }

  /// Pulls the cable out.
  frame_count count_of(const std::string& name) {
    auto& cable = *cables_.at(name);
    EXPECT_EQ(cable.end(SIGTERM), 0);
    std::istringstream said{cable.next_line()};
    frame_count count;
    std::string word;
    said >> word >> count.carried >> word >> count.lost >> word
      >> count.overtaken >> word >> count.swallowed;
    EXPECT_FALSE(said.fail());
    return count;
  }

  /// Entries that B has told A it holds.
  int held_by_b() {
    for (const auto& one : ask("a", "members notes"))
      if (one["name"] == "b" && one["acknowledged"].is_number())
        return one["acknowledged"];
    return 0;
  }

private:
  static void prepare(const std::string& command) {
    const auto [said, fine] = shell(command);
    EXPECT_TRUE(fine) << command << ": " << said;
  }

  std::map<std::string, std::unique_ptr<process>> cables_;
};

TEST_F(on_bad_links, slow_sync_over_a_slow_and_lossy_link) {
  for (const auto* name : {"b", "c"})
    if (const auto why = replace_cable(name, {60, 20, 50}); !why.empty())
      GTEST_SKIP() << "no cables here: " << why;
  meet();
  for (int i = 0; i < 30; ++i)
    for (const auto* name : {"a", "b", "c"})
      write(name, std::string{name} + std::to_string(i));
  for (const auto* last : {"a29", "b29", "c29"})
    expect_everywhere(last);
  expect_equal();
  for (const auto* name : {"b", "c"}) {
    const auto count = count_of(name);
    EXPECT_GT(count.carried, 200U) << name;
    EXPECT_GT(count.lost, count.carried / 50) << name;
    EXPECT_LT(count.lost, count.carried / 10) << name;
    EXPECT_GT(count.overtaken, 0U) << name;
  }
}

TEST_F(on_bad_links, slow_finish_a_first_sync_through_some_silence) {
  constexpr int all = 4'000;
  constexpr auto silence = 4s;
  if (const auto why = replace_cable("b", {20, 5, 10}); !why.empty())
    GTEST_SKIP() << "no cables here: " << why;
  // Some MB, in many transactions, as one is applied at once.
  for (int i = 0; i < 20; ++i)
    sql("a", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
             " WHERE i < 200) INSERT INTO note SELECT 'n"
               + std::to_string(i) + "-' || i, hex(randomblob(600)) FROM n");
  serve_in("a");
  ASSERT_EQ(on("a", "wait notes --timeout 60s").status, 0);
  serve_in("b");
  process joining{{LOCKSTEP_PROGRAM, "--json", "--data", data_of("b").string(),
                   "join", invitation(), "--database", file("b")},
                  complaints("join")};
  ASSERT_TRUE(eventually([&] { return held_by_b() > 200; }));
  fall_silent("b");
  std::this_thread::sleep_for(silence);
  EXPECT_LT(held_by_b(), all);
  speak_again("b");
  EXPECT_EQ(joining.end(0), 0);
  ASSERT_EQ(on("b", "track notes --all").status, 0);
  EXPECT_EQ(sql("b", "SELECT count(*) FROM note"), std::to_string(all) + "\n");
  EXPECT_EQ(on("b", "wait notes --timeout 60s").status, 0);
  EXPECT_EQ(ask("a", "check notes"), ask("b", "check notes"));
  const auto count = count_of("b");
  EXPECT_GT(count.swallowed, 0U);
  EXPECT_GT(count.lost, 0U);
}

} // namespace
} // namespace lockstep
