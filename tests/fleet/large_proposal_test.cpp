#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Transactions too large for one message between devices.
class large_proposal : public fleet {
public:
  static constexpr int rows = 9'000;

  large_proposal() {
    limits.library.transaction_memory = 100'000;
    share({"anna", "bert", "carl"});
  }

  /// Another program fills the table of tags in one transaction.
  void fill(const std::string& on, const std::string& called) {
    write_outside(on, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                      " FROM n WHERE i < "
                        + std::to_string(rows)
                        + ") INSERT INTO tag(uuid, name) SELECT '" + called
                        + "' || i, '" + called + "' FROM n");
    notice(on);
  }

  /// The number of entries in the transaction that the log ends with.
  std::uint64_t size_of_last(const std::string& on) {
    const auto head = status(on).head.position.sequence;
    std::uint64_t size = 0;
    for (const auto& what : log(on))
      size += what.transaction_end == head ? 1 : 0;
    return size;
  }
};

TEST_F(large_proposal, arrives_whole_everywhere) {
  fill("bert", "b");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(size_of_last("anna"), rows);
  EXPECT_EQ(size_of_last("carl"), rows);
}

TEST_F(large_proposal, of_the_leader_arrives_whole_everywhere) {
  fill("anna", "a");
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(size_of_last("bert"), rows);
}

TEST_F(large_proposal, survives_a_bad_network) {
  lockstep::set_faults bad;
  bad.delay_least = 1ms;
  bad.delay_most = 300ms;
  bad.drop_per_mille = 300;
  bad.duplicate_per_mille = 200;
  bad.seed = 7;
  set_faults(bad);
  fill("bert", "b");
  fill("carl", "c");
  advance(2min);
  set_faults({});
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(log("anna").size(), log("bert").size());
  EXPECT_EQ(status("bert").conflicts, 0U);
  const auto list = log("anna");
  EXPECT_EQ(list.back().sequence.value
              - list[list.size() - 2 * rows].sequence.value,
            2U * rows - 1);
}

TEST_F(large_proposal, begins_again_with_a_leader_that_lacks_its_beginning) {
  lockstep::set_faults slow;
  slow.delay_least = slow.delay_most = 100ms;
  set_faults(slow);
  fill("bert", "b");
  // The first piece is with the leader, the others are not.
  advance(250ms);
  ASSERT_NE(status("bert").pending, 0U);
  crash("anna");
  advance(5min);
  start("anna");
  reopen("anna");
  set_faults({});
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(size_of_last("anna"), rows);
  EXPECT_EQ(size_of_last("carl"), rows);
}

TEST_F(large_proposal, of_a_device_that_comes_to_lead_is_whole) {
  set_online("bert", false);
  fill("bert", "b");
  advance(5min);
  ASSERT_EQ(leadership("bert").role, role::leader);
  ASSERT_TRUE(commit("anna", {sql_statement{"INSERT INTO tag(uuid, name)"
                                            " VALUES('alone', 'a')",
                                            {}}}));
  set_online("bert", true);
  EXPECT_EQ(settle(), "");
  EXPECT_EQ(status("anna").conflicts, 0U);
}

} // namespace
} // namespace lockstep
