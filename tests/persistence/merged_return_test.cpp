#include "persistence/model_policy.hpp"
#include "protocol/conflict.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

/// Operations that one leader merged, and that go to another one.
struct merged_return : testing::Test {
  merged_return() {
    old_leader.leads = true;
    for (auto* device : {&old_leader, &leader, &other}) {
      device->elsewhere("CREATE TABLE page(uuid TEXT PRIMARY KEY NOT NULL,"
                        " a TEXT, b TEXT, tags JSON)");
      EXPECT_TRUE(device->track("page"));
    }
    EXPECT_TRUE(
      old_leader.write({policy_change("page", conflict_policy::union_merge)}));
    EXPECT_TRUE(old_leader.write("INSERT INTO page VALUES('" + uuid(1)
                                 + "', 'old', 'old', '[\"old\"]')"));
    for (auto* device : {&leader, &other})
      EXPECT_TRUE(device->follow(old_leader));
    keep = leader.entries().back().sequence;
  }

  void edit(library_device& device, const std::string& what) {
    ASSERT_TRUE(device.write("UPDATE page SET " + what));
  }

  /// The next leader has its own edits in its log, and gets all of the others.
  void another_leads() {
    old_leader.leads = false;
    ASSERT_TRUE(leader.take_office(test_ballot(2, 2)));
    ASSERT_EQ(old_leader.give_back(keep), keep);
    old_leader.cut(keep);
    ASSERT_TRUE(leader.sequence(old_leader.pending()));
    ASSERT_TRUE(old_leader.follow(leader));
    EXPECT_EQ(old_leader.digest(), leader.digest());
  }

  std::string row(library_device& device) {
    return device.rows("SELECT a, b, tags FROM page WHERE a IS NOT NULL");
  }

  /// The losing images of all conflicts of the log.
  std::string lost(library_device& device) {
    std::string images;
    for (const auto& what : device.entries())
      if (const auto loser = loser_of(what.data))
        images += loser->data + "\n";
    return images;
  }

  bool is_kept(const std::string& value) {
    return (row(leader) + lost(leader)).find(value) != std::string::npos;
  }

  library_device old_leader{1};
  library_device leader{2};
  library_device other{3};
  sequence_number keep;
};

TEST_F(merged_return, who_saw_a_merged_edit_has_not_seen_what_it_lost) {
  edit(other, "a = 'first'");
  edit(other, "a = 'theirs'");
  // Written later than theirs.
  for (const auto i : {std::uint8_t{2}, std::uint8_t{3}})
    ASSERT_TRUE(
      leader.write("INSERT INTO page(uuid) VALUES('" + uuid(i) + "')"));
  edit(leader, "a = 'my own', b = 'mine' WHERE a = 'old'");
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_TRUE(old_leader.sequence(leader.pending()));
  ASSERT_EQ(row(old_leader), "\"theirs\"|\"mine\"|\"[\\\"old\\\"]\"\n");
  edit(old_leader, "a = 'over theirs' WHERE a = 'theirs'");
  another_leads();
  EXPECT_TRUE(is_kept("my own")) << row(leader) << lost(leader);
}

TEST_F(merged_return, nor_what_the_edit_before_it_lost) {
  edit(other, "a = 'first'");
  edit(other, "a = 'theirs'");
  edit(leader, "a = 'my own'");
  edit(leader, "b = 'mine'");
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_TRUE(old_leader.sequence(leader.pending()));
  ASSERT_EQ(row(old_leader), "\"theirs\"|\"mine\"|\"[\\\"old\\\"]\"\n");
  edit(old_leader, "a = 'over theirs'");
  another_leads();
  EXPECT_TRUE(is_kept("my own")) << row(leader) << lost(leader);
}

TEST_F(merged_return, who_saw_all_of_a_merged_edit_goes_on_from_it) {
  edit(other, "a = 'theirs'");
  edit(leader, "b = 'mine'");
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_TRUE(old_leader.sequence(leader.pending()));
  edit(old_leader, "b = 'over mine'");
  another_leads();
  EXPECT_EQ(row(leader), "\"theirs\"|\"over mine\"|\"[\\\"old\\\"]\"\n");
  EXPECT_EQ(lost(leader), "");
}

TEST_F(merged_return, what_was_seen_stays_so_where_the_same_is_merged_again) {
  edit(other, "a = 'first'");
  edit(other, "a = 'theirs'");
  edit(leader, "a = 'mine', b = 'mine'");
  const auto written = leader.pending();
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_TRUE(old_leader.sequence(written));
  edit(old_leader, "a = 'over theirs'");
  // One that has none of them yet, and merges as the first did.
  old_leader.leads = false;
  library_device third{4};
  third.elsewhere("CREATE TABLE page(uuid TEXT PRIMARY KEY NOT NULL, a TEXT,"
                  " b TEXT, tags JSON)");
  ASSERT_TRUE(third.track("page"));
  ASSERT_TRUE(third.receive([&] {
    auto list = old_leader.entries();
    list.resize(keep.value);
    return list;
  }()));
  ASSERT_TRUE(third.take_office(test_ballot(2, 4)));
  ASSERT_TRUE(third.sequence(other.pending()));
  ASSERT_TRUE(third.sequence(written));
  ASSERT_EQ(old_leader.give_back(keep), keep);
  ASSERT_TRUE(third.sequence(old_leader.pending()));
  EXPECT_EQ(row(third), "\"over theirs\"|\"mine\"|\"[\\\"old\\\"]\"\n");
  EXPECT_EQ(lost(third).find("theirs"), std::string::npos) << lost(third);
}

TEST_F(merged_return, an_edit_that_was_merged_still_tells_what_it_changed) {
  edit(other, "tags = '[]'");
  edit(old_leader, "tags = '[\"old\",\"new\"]'");
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_EQ(row(old_leader), "\"old\"|\"old\"|\"[\\\"new\\\"]\"\n");
  edit(leader, "a = 'mine'");
  another_leads();
  EXPECT_EQ(row(leader), "\"mine\"|\"old\"|\"[\\\"new\\\"]\"\n");
  for (const auto& what : leader.entries())
    if (const auto loser = loser_of(what.data)) {
      EXPECT_NE(loser->device, other.id) << loser->data;
    }
}

} // namespace

} // namespace lockstep
