#include "tests/support/copied_fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

/// Devices of which one comes back as a copy of its files left it.
class older_copy : public copied_fleet {
public:
  older_copy() {
    share({"anna", "bert", "carl"});
    EXPECT_TRUE(write("anna", "first"));
    EXPECT_EQ(settle(), "");
  }

  expected<receipt> write(const std::string& name, const std::string& text,
                          receipt_state wait_for = receipt_state::local) {
    return commit(name,
                  {record_change{"memo", make_id(), change_type::insert,
                                 R"({"text": ")" + text + R"("})"}},
                  wait_for);
  }

  std::map<std::string, int> texts_in_log(const std::string& name) {
    std::map<std::string, int> found;
    for (const auto& what : log(name))
      if (what.model == "memo") {
        const auto begin = what.data.find(": \"") + 3;
        ++found[what.data.substr(begin, what.data.find('"', begin) - begin)];
      }
    return found;
  }

  void expect_everywhere(const std::map<std::string, int>& texts) {
    EXPECT_EQ(settle(), "");
    for (const auto* name : {"anna", "bert", "carl"})
      EXPECT_EQ(texts_in_log(name), texts) << name;
  }
};

TEST_F(older_copy, of_the_leader_does_not_lead_before_it_met_the_others) {
  copy("anna");
  ASSERT_TRUE(write("anna", "second"));
  ASSERT_TRUE(write("bert", "third"));
  ASSERT_EQ(settle(), "");
  ASSERT_EQ(leader(), "anna");
  set_online("anna", false);
  put_back("anna");
  advance(std::chrono::minutes{10});
  EXPECT_EQ(leadership("anna").role, role::follower);
  EXPECT_TRUE(status("anna").is_fetching_anew);
  ASSERT_TRUE(write("anna", "fourth"));
  set_online("anna", true);
  expect_everywhere({{"first", 1}, {"second", 1}, {"third", 1}, {"fourth", 1}});
  EXPECT_FALSE(status("anna").is_fetching_anew);
  // From then on it is as any other.
  for (const auto* name : {"bert", "carl"})
    close(name);
  advance(std::chrono::minutes{5});
  EXPECT_EQ(leader(), "anna");
}

TEST_F(older_copy, keeps_what_its_earlier_life_left_with_others) {
  copy("bert");
  set_online("anna", false);
  advance(std::chrono::minutes{3});
  // Carl leads, and anna is not told.
  ASSERT_TRUE(write("bert", "old 1"));
  ASSERT_TRUE(write("bert", "old 2"));
  advance(std::chrono::minutes{1});
  set_online("carl", false);
  put_back("bert");
  ASSERT_TRUE(write("bert", "new 1"));
  ASSERT_TRUE(write("bert", "new 2"));
  set_online("anna", true);
  advance(std::chrono::minutes{5});
  EXPECT_EQ(texts_in_log("bert").count("new 2"), 1U);
  set_online("carl", true);
  expect_everywhere(
    {{"first", 1}, {"old 1", 1}, {"old 2", 1}, {"new 1", 1}, {"new 2", 1}});
}

TEST_F(older_copy, takes_what_was_pending_in_it_once) {
  set_online("bert", false);
  ASSERT_TRUE(write("bert", "pending"));
  copy("bert");
  set_online("bert", true);
  ASSERT_EQ(settle(), "");
  set_online("bert", false);
  put_back("bert");
  EXPECT_EQ(status("bert").pending, 1U);
  set_online("bert", true);
  expect_everywhere({{"first", 1}, {"pending", 1}});
}

TEST_F(older_copy, of_all_devices_makes_the_longest_log_the_leader) {
  for (const auto* name : {"anna", "bert", "carl"})
    copy(name);
  ASSERT_EQ(settle(), "");
  for (const auto* name : {"anna", "bert", "carl"})
    put_back(name);
  ASSERT_TRUE(write("bert", "second"));
  expect_everywhere({{"first", 1}, {"second", 1}});
  EXPECT_NE(leader(), "");
}

TEST_F(older_copy, of_all_devices_waits_for_each) {
  for (const auto* name : {"anna", "bert", "carl"})
    copy(name);
  ASSERT_EQ(settle(), "");
  for (const auto* name : {"anna", "bert"})
    put_back(name);
  crash("carl");
  advance(std::chrono::minutes{30});
  EXPECT_EQ(leadership("anna").role, role::follower);
  EXPECT_EQ(leadership("bert").role, role::follower);
  start("carl");
  reopen("carl");
  advance(std::chrono::minutes{5});
  EXPECT_NE(leader(), "");
}

TEST_F(older_copy, of_a_database_beside_its_log_gives_no_number_twice) {
  copy("bert");
  set_online("bert", false);
  for (const auto* text : {"lost 1", "lost 2"})
    ASSERT_TRUE(write("bert", text));
  put_database_back("bert");
  const auto written = write("bert", "new");
  ASSERT_TRUE(written);
  EXPECT_GT(written->first.value, std::uint64_t{1} << 40);
  EXPECT_FALSE(status("bert").is_fetching_anew);
  set_online("bert", true);
  expect_everywhere({{"first", 1}, {"new", 1}});
}

} // namespace
} // namespace lockstep
