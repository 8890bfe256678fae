#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Devices whose clocks are off. Whoever writes last, by a clock on the wall,
/// wins.
class clocks_off : public fleet {
public:
  const std::vector<std::string> all{"anna", "bert", "carl"};

  void begin() {
    share(all);
    for (const auto& name : all) {
      write(name, "CREATE TABLE town(name TEXT PRIMARY KEY, mayor TEXT)");
      const auto tracked = ask<tracked_table>(at(name).shared.library,
                                              track_table{"town", "", {}, {}});
      ASSERT_TRUE(tracked) << tracked.error().message;
    }
    write("anna", "INSERT INTO town VALUES('Ulm', 'Ada')");
    ASSERT_EQ(settle(), "");
  }

  void write(const std::string& name, const std::string& sql) {
    const auto written = commit(name, {sql_statement{sql, {}}});
    ASSERT_TRUE(written) << name << ": " << written.error().message;
  }

  void elect(const std::string& name, const std::string& mayor) {
    write(name, "UPDATE town SET mayor = '" + mayor + "'");
    advance(10s);
  }

  void expect_mayor(const std::string& wanted) {
    ASSERT_EQ(settle(), "");
    for (const auto& name : all) {
      auto found = ask<sql_rows>(at(name).shared.library,
                                 sql_query{{"SELECT mayor FROM town", {}}});
      ASSERT_TRUE(found);
      EXPECT_EQ(std::get<std::string>(found->rows.at(0).at(0)), wanted) << name;
    }
  }

  /// The time between two days and the entry written last.
  duration newest_entry_off() {
    const auto time = log("anna").back().timestamp.unix_ms();
    const auto wall = simulated_environment().unix_ms(now(), {});
    return std::chrono::milliseconds{static_cast<std::int64_t>(time - wall)};
  }
};

TEST_F(clocks_off, one_that_is_ahead_does_not_win) {
  set_clock("carl", 3h);
  begin();
  set_online("carl", false);
  elect("carl", "Cleo");
  elect("bert", "Bo");
  set_online("carl", true);
  expect_mayor("Bo");
}

TEST_F(clocks_off, one_that_is_behind_does_not_lose) {
  set_clock("carl", -48h);
  begin();
  set_online("carl", false);
  elect("bert", "Bo");
  elect("carl", "Cleo");
  set_online("carl", true);
  expect_mayor("Cleo");
}

TEST_F(clocks_off, one_that_was_never_heard_of_is_put_right_with_all_it_wrote) {
  begin();
  set_online("carl", false);
  crash("carl");
  set_clock("carl", 3h);
  start("carl");
  set_online("carl", false);
  reopen("carl");
  elect("carl", "Cleo");
  elect("bert", "Bo");
  set_online("carl", true);
  expect_mayor("Bo");
  EXPECT_LT(std::chrono::abs(newest_entry_off()), 1min);
}

TEST_F(clocks_off, one_that_jumps_back_and_forth_does_not_win_or_lose) {
  begin();
  set_online("carl", false);
  set_clock("carl", 3h);
  elect("carl", "Cleo");
  elect("bert", "Bo");
  set_clock("carl", -48h);
  elect("carl", "Cora");
  set_clock("carl", 0h);
  set_online("carl", true);
  expect_mayor("Cora");

  set_online("carl", false);
  elect("carl", "Cleo");
  set_clock("carl", 48h);
  elect("carl", "Cora");
  elect("bert", "Bo");
  elect("bert", "Bea");
  set_online("carl", true);
  expect_mayor("Bea");
}

TEST_F(clocks_off, that_of_the_leader_decides_nothing) {
  set_clock("anna", -48h);
  begin();
  set_online("carl", false);
  elect("carl", "Cleo");
  elect("anna", "Amy");
  set_online("carl", true);
  expect_mayor("Amy");
  set_online("carl", false);
  elect("anna", "Ava");
  elect("carl", "Cora");
  set_online("carl", true);
  expect_mayor("Cora");
}

TEST_F(clocks_off, that_of_a_new_leader_decides_nothing) {
  set_clock("bert", 3h);
  begin();
  set_online("carl", false);
  elect("bert", "Bo");
  close("anna");
  advance(10s);
  ASSERT_EQ(leadership("bert").role, role::leader);
  elect("carl", "Cleo");
  set_online("carl", true);
  start("anna");
  reopen("anna");
  expect_mayor("Cleo");
  EXPECT_LT(std::chrono::abs(newest_entry_off()), 10min);
}

} // namespace
} // namespace lockstep
