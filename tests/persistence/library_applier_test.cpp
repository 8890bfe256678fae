#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace lockstep {

namespace {

struct applying : testing::Test {
  applying() {
    leader.leads = true;
    for (auto* device : {&leader, &follower}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
  }

  void follow() {
    auto done = follower.follow(leader);
    EXPECT_TRUE(done) << done.error().message;
  }

  std::string names() {
    return follower.rows("SELECT name FROM note ORDER BY name");
  }

  /// Entries of the leader's log that the follower has not, up to `last`.
  std::vector<entry> missing(std::size_t count) {
    auto list = leader.entries();
    list.erase(list.begin(),
               list.begin()
                 + static_cast<std::ptrdiff_t>(follower.entries().size()));
    list.resize(std::min(list.size(), count));
    return list;
  }

  library_device leader{1};
  library_device follower{2};
};

sql_statement insert_many(int count) {
  return {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE"
          " i < ?) INSERT INTO note SELECT"
          " printf('00000000-0000-0000-0000-%012x', i), 'n' || i, '' FROM n",
          {std::int64_t{count}}};
}

} // namespace

TEST_F(applying, every_value_reaches_other_devices_as_it_is) {
  for (auto* device : {&leader, &follower}) {
    device->elsewhere("CREATE TABLE any(uuid TEXT PRIMARY KEY, v, list JSON)");
    ASSERT_TRUE(device->track("any"));
  }
  std::uint8_t number = 0;
  for (const sql_value& value :
       {sql_value{nullptr}, sql_value{INT64_MIN}, sql_value{INT64_MAX},
        sql_value{-0.0}, sql_value{1e308}, sql_value{5e-324}, sql_value{2.0},
        sql_value{std::string{"a\0b\xff", 4}}, sql_value{std::string{}},
        sql_value{std::vector<std::uint8_t>{}},
        sql_value{std::vector<std::uint8_t>(100'000, 7)}})
    ASSERT_TRUE(leader.write({sql_statement{
      "INSERT INTO any VALUES(?, ?, '[1,\"a\"]')", {uuid(++number), value}}}));
  ASSERT_TRUE(
    leader.write("INSERT INTO any VALUES('" + uuid(99) + "', 9e999, NULL)"));
  EXPECT_NE(leader.entries().front().data.find(R"("list":[1,"a"])"),
            std::string::npos);
  follow();
  const auto all = "SELECT * FROM any ORDER BY uuid";
  EXPECT_EQ(follower.rows(all), leader.rows(all));
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(applying, an_own_row_is_seen_at_once_and_settled_by_its_entry) {
  ASSERT_TRUE(follower.write(insert_note(1, "a")));
  EXPECT_EQ(names(), "\"a\"\n");
  ASSERT_TRUE(leader.sequence(follower.pending()));
  follow();
  EXPECT_TRUE(follower.pending().empty());
  EXPECT_EQ(follower.applied.size(), 1U);
}

TEST_F(applying, the_canonical_row_waits_while_an_own_one_is_pending) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  follow();
  ASSERT_TRUE(follower.write("UPDATE note SET name = 'mine'"));
  ASSERT_TRUE(leader.write("UPDATE note SET name = 'theirs'"));
  ASSERT_TRUE(leader.write("UPDATE note SET name = 'theirs again'"));
  follow();
  EXPECT_EQ(names(), "\"mine\"\n");
  ASSERT_TRUE(leader.sequence(follower.pending()));
  follow();
  EXPECT_EQ(names(), "\"theirs again\"\n");
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(applying, what_other_programs_wrote_is_not_overwritten_unseen) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  follow();
  follower.elsewhere("UPDATE note SET text = 'by hand'");
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'from the leader'"));
  follow();
  ASSERT_EQ(follower.pending().size(), 1U);
  EXPECT_NE(follower.pending().front().data.find("by hand"), std::string::npos);
}

TEST_F(applying, half_a_transaction_waits_for_its_end) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  ASSERT_TRUE(leader.write({sql_statement{insert_note(2, "b"), {}},
                            sql_statement{insert_note(3, "c"), {}}}));
  ASSERT_TRUE(follower.receive(missing(2)));
  EXPECT_EQ(names(), "\"a\"\n");
  EXPECT_EQ(follower.store->applied(), sequence_number{1});
  follower.reopen();
  ASSERT_TRUE(follower.catch_up());
  EXPECT_EQ(names(), "\"a\"\n");
  ASSERT_TRUE(follower.receive(missing(1)));
  EXPECT_EQ(names(), "\"a\"\n\"b\"\n\"c\"\n");
  EXPECT_EQ(follower.store->applied(), sequence_number{3});
}

TEST_F(applying, a_long_transaction_comes_in_pieces_and_counts_as_one) {
  ASSERT_TRUE(leader.write(insert_note(99, "before")));
  ASSERT_TRUE(leader.write({insert_many(50)}));
  ASSERT_TRUE(leader.write("DELETE FROM note"));
  ASSERT_TRUE(leader.write({insert_many(2'500)}));
  const auto all = leader.entries();
  for (std::size_t first = 0; first < all.size(); first += 700) {
    const auto last = std::min(first + 700, all.size());
    ASSERT_TRUE(
      follower.receive({all.begin() + static_cast<std::ptrdiff_t>(first),
                        all.begin() + static_cast<std::ptrdiff_t>(last)}));
    const auto applied = follower.store->applied();
    if (applied) {
      EXPECT_EQ(all[applied.value - 1].transaction_end, applied);
    }
  }
  EXPECT_EQ(follower.digest(), leader.digest());
  std::size_t told = 0;
  for (const auto& list : follower.applied) {
    EXPECT_LE(list->size(), 1'000U);
    for (const auto& what : *list)
      EXPECT_EQ(what.sequence.value, ++told);
  }
  EXPECT_EQ(told, all.size());
}

TEST_F(applying, a_crash_between_append_and_commit_is_replayed) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  leader.write_and_crash_before_commit(insert_note(2, "b"));
  EXPECT_EQ(leader.rows("SELECT count(*) FROM note"), "1\n");
  ASSERT_TRUE(leader.catch_up());
  EXPECT_EQ(leader.rows("SELECT count(*) FROM note"), "2\n");
  ASSERT_TRUE(leader.catch_up());
  auto next = leader.write(insert_note(3, "c"));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->front().device_sequence, device_sequence_number{3});
  EXPECT_EQ(leader.entries().size(), 3U);
}

TEST_F(applying, pending_rows_of_one_transaction_step_aside_together) {
  ASSERT_TRUE(follower.write({sql_statement{insert_note(1, "a"), {}},
                              sql_statement{insert_note(2, "b"), {}}}));
  ASSERT_TRUE(follower.write(insert_note(3, "c")));
  ASSERT_TRUE(leader.write(insert_note(9, "a")));
  follow();
  EXPECT_EQ(names(), "\"a\"\n\"c\"\n");
  ASSERT_TRUE(leader.sequence(follower.pending()));
  follow();
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(applying, pending_exchanges_can_be_undone) {
  ASSERT_TRUE(leader.write(insert_note(1, "x")));
  ASSERT_TRUE(leader.write(insert_note(2, "y")));
  follow();
  ASSERT_TRUE(follower.write(
    {sql_statement{"UPDATE note SET name = 't' WHERE name = 'x'", {}},
     sql_statement{"UPDATE note SET name = 'x' WHERE name = 'y'", {}},
     sql_statement{"UPDATE note SET name = 'z' WHERE name = 't'", {}}}));
  ASSERT_TRUE(leader.write(insert_note(3, "z")));
  follow();
  EXPECT_EQ(names(), "\"x\"\n\"y\"\n\"z\"\n");
}

TEST_F(applying, an_entry_that_does_not_fit_is_set_aside_and_tried_again) {
  follower.elsewhere("CREATE UNIQUE INDEX only_here ON note(text)");
  ASSERT_TRUE(leader.write(insert_note(1, "a", "same")));
  ASSERT_TRUE(leader.write(insert_note(2, "b", "same")));
  ASSERT_TRUE(leader.write(insert_note(3, "c", "other")));
  follow();
  EXPECT_EQ(names(), "\"a\"\n\"c\"\n");
  EXPECT_EQ(follower.rows("SELECT sequence FROM lockstep_set_aside"), "2\n");
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'new' WHERE name = 'a'"));
  follow();
  EXPECT_EQ(names(), "\"a\"\n\"b\"\n\"c\"\n");
  EXPECT_EQ(follower.rows("SELECT sequence FROM lockstep_set_aside"), "");
}

TEST_F(applying, a_row_that_refers_to_one_set_aside_does_not_stop_the_log) {
  for (auto* device : {&leader, &follower}) {
    device->elsewhere("CREATE TABLE child(uuid TEXT PRIMARY KEY, note TEXT"
                      " REFERENCES note(uuid))");
    ASSERT_TRUE(device->track("child"));
  }
  follower.elsewhere("CREATE UNIQUE INDEX only_here ON note(text)");
  ASSERT_TRUE(leader.write(insert_note(1, "a", "same")));
  ASSERT_TRUE(leader.write(
    {sql_statement{insert_note(2, "b", "same"), {}},
     sql_statement{
       "INSERT INTO child VALUES('" + uuid(5) + "', '" + uuid(2) + "')", {}}}));
  ASSERT_TRUE(leader.write(insert_note(3, "c", "other")));
  follow();
  EXPECT_EQ(names(), "\"a\"\n\"c\"\n");
  EXPECT_EQ(follower.rows("SELECT * FROM child"), "");
  ASSERT_TRUE(leader.write("DELETE FROM note WHERE name = 'a'"));
  follow();
  EXPECT_EQ(follower.digest(), leader.digest());
}

} // namespace lockstep
