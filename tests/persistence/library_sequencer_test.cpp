#include "persistence/model_policy.hpp"
#include "protocol/conflict.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace lockstep {

namespace {

/// A leader, and two followers that it hears of when told to.
struct sequencing : testing::Test {
  sequencing() {
    leader.leads = true;
    for (auto* device : {&leader, &b, &c}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
  }

  void propose(library_device& device) {
    auto done = leader.sequence(device.pending());
    EXPECT_TRUE(done) << done.error().message;
  }

  void exchange() {
    propose(b);
    propose(c);
    for (auto* device : {&b, &c}) {
      auto done = device->follow(leader);
      EXPECT_TRUE(done) << done.error().message;
      EXPECT_TRUE(device->pending().empty());
      EXPECT_EQ(device->digest(), leader.digest());
    }
  }

  std::vector<std::string> conflicts() {
    std::vector<std::string> list;
    for (const auto& what : leader.entries())
      if (what.model == conflict_model)
        list.push_back(nlohmann::json::parse(what.data)["kind"]);
    return list;
  }

  using strings = std::vector<std::string>;

  library_device leader{1};
  library_device b{2};
  library_device c{3};
};

void swap_names(library_device& device) {
  ASSERT_TRUE(device.write(
    {sql_statement{"UPDATE note SET name = 't' WHERE name = 'x'", {}},
     sql_statement{"UPDATE note SET name = 'x' WHERE name = 'y'", {}},
     sql_statement{"UPDATE note SET name = 'y' WHERE name = 't'", {}}}));
}

} // namespace

TEST_F(sequencing, a_proposal_is_taken_once) {
  ASSERT_TRUE(b.write(insert_note(1, "a")));
  propose(b);
  propose(b);
  EXPECT_EQ(leader.entries().size(), 1U);
  leader.reopen();
  propose(b);
  EXPECT_EQ(leader.entries().size(), 1U);
}

TEST_F(sequencing, edits_on_edits_of_one_device_are_clean) {
  ASSERT_TRUE(b.write(insert_note(1, "a")));
  ASSERT_TRUE(b.write("UPDATE note SET text = 'x'"));
  ASSERT_TRUE(b.write("UPDATE note SET text = 'y'"));
  exchange();
  EXPECT_EQ(conflicts(), strings{});
  EXPECT_EQ(leader.entries().back().version, version_number{3});
}

TEST_F(sequencing, the_later_of_two_updates_wins_and_the_other_is_kept) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  ASSERT_TRUE(b.write("UPDATE note SET text = 'from b'"));
  ASSERT_TRUE(c.write("UPDATE note SET text = 'first of c'"));
  ASSERT_TRUE(c.write("UPDATE note SET text = 'from c'"));
  exchange();
  EXPECT_EQ(leader.rows("SELECT text FROM note"), "\"from c\"\n");
  EXPECT_EQ(conflicts().size(), 1U);
}

TEST_F(sequencing, a_conflict_that_keeps_what_becomes_the_row_is_over) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  ASSERT_TRUE(b.write("UPDATE note SET text = 'lost'"));
  for (const auto* text : {"one", "two"})
    ASSERT_TRUE(
      leader.write("UPDATE note SET text = '" + std::string{text} + "'"));
  exchange();
  EXPECT_EQ(leader.store->index.count(conflict_model), 1U);
  ASSERT_TRUE(c.write("UPDATE note SET text = 'found'"));
  exchange();
  EXPECT_EQ(leader.store->index.count(conflict_model), 1U);
  ASSERT_TRUE(c.write("UPDATE note SET text = 'lost'"));
  exchange();
  EXPECT_EQ(leader.rows("SELECT text FROM note"), "\"lost\"\n");
  EXPECT_EQ(leader.store->index.count(conflict_model), 0U);
}

TEST_F(sequencing, a_device_that_loses_the_same_twice_has_one_conflict) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  for (const auto* text : {"one", "two"}) {
    ASSERT_TRUE(b.write("UPDATE note SET text = 'lost'"));
    for (const auto* more : {" and", " or"})
      ASSERT_TRUE(leader.write("UPDATE note SET text = '" + std::string{text}
                               + more + "'"));
    exchange();
  }
  EXPECT_EQ(conflicts().size(), 2U);
  EXPECT_EQ(leader.store->index.count(conflict_model), 1U);
}

TEST_F(sequencing, a_delete_beats_a_concurrent_update) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  ASSERT_TRUE(b.write("DELETE FROM note"));
  ASSERT_TRUE(c.write("UPDATE note SET text = 'from c'"));
  exchange();
  EXPECT_EQ(leader.rows("SELECT text FROM note"), "");
  EXPECT_EQ(conflicts(), strings{"concurrent"});
}

TEST_F(sequencing, a_name_taken_on_both_sides_goes_to_the_first_in_the_log) {
  ASSERT_TRUE(b.write(insert_note(1, "a")));
  ASSERT_TRUE(c.write(insert_note(2, "a")));
  propose(b);
  ASSERT_TRUE(c.follow(leader));
  EXPECT_EQ(c.rows("SELECT uuid FROM note"), "\"" + uuid(1) + "\"\n");
  EXPECT_EQ(c.rows("SELECT shown FROM lockstep_pending"), "0\n");
  exchange();
  EXPECT_EQ(conflicts(), strings{"constraint"});
}

TEST_F(sequencing, a_row_that_lost_its_parent_is_a_conflict_as_a_whole) {
  for (auto* device : {&leader, &b, &c}) {
    device->elsewhere("CREATE TABLE child(uuid TEXT PRIMARY KEY, note TEXT"
                      " REFERENCES note(uuid))");
    ASSERT_TRUE(device->track("child"));
  }
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  ASSERT_TRUE(b.write("DELETE FROM note"));
  ASSERT_TRUE(c.write(
    {sql_statement{insert_note(3, "c"), {}},
     sql_statement{
       "INSERT INTO child VALUES('" + uuid(2) + "', '" + uuid(1) + "')", {}}}));
  exchange();
  EXPECT_EQ(conflicts(), (strings{"constraint", "constraint"}));
  EXPECT_EQ(c.rows("SELECT * FROM note"), "");
}

TEST_F(sequencing, what_a_foreign_key_deletes_too_is_in_the_log) {
  for (auto* device : {&leader, &b, &c}) {
    device->elsewhere("CREATE TABLE child(uuid TEXT PRIMARY KEY, note TEXT"
                      " REFERENCES note(uuid) ON DELETE CASCADE)");
    ASSERT_TRUE(device->track("child"));
  }
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  ASSERT_TRUE(leader.write("INSERT INTO child VALUES('" + uuid(2) + "', '"
                           + uuid(1) + "')"));
  ASSERT_TRUE(
    c.write("INSERT INTO child VALUES('" + uuid(3) + "', '" + uuid(1) + "')"));
  ASSERT_TRUE(b.write("DELETE FROM note"));
  exchange();
  const auto state = leader.store->index.find("child", test_record(2));
  EXPECT_TRUE(state.deleted);
  EXPECT_EQ(c.rows("SELECT * FROM child"), "");
}

TEST_F(sequencing, a_transaction_may_exchange_unique_values) {
  ASSERT_TRUE(leader.write(insert_note(1, "x")));
  ASSERT_TRUE(leader.write(insert_note(2, "y")));
  exchange();
  swap_names(leader);
  exchange();
  swap_names(b);
  exchange();
  EXPECT_EQ(conflicts(), strings{});
  EXPECT_EQ(c.rows("SELECT * FROM lockstep_set_aside"), "");
}

TEST_F(sequencing, exchanged_values_come_back_when_the_exchange_loses) {
  ASSERT_TRUE(leader.write(insert_note(1, "x")));
  ASSERT_TRUE(leader.write(insert_note(2, "y")));
  exchange();
  swap_names(b);
  ASSERT_TRUE(leader.write("DELETE FROM note WHERE name = 'x'"));
  ASSERT_TRUE(leader.write(insert_note(3, "x")));
  exchange();
  EXPECT_EQ(b.rows("SELECT * FROM lockstep_set_aside"), "");
}

TEST_F(sequencing, the_leader_s_own_numbers_do_not_meet_its_pending_ones) {
  ASSERT_TRUE(leader.write(insert_note(1, "a")));
  exchange();
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'on the leader'"));
  ASSERT_TRUE(b.write("UPDATE note SET text = '1'"));
  ASSERT_TRUE(b.write("UPDATE note SET text = '2'"));
  ASSERT_TRUE(b.write(insert_note(2, "b")));
  const auto list = b.pending();
  // b takes office: its own pending operations are proposals to itself.
  ASSERT_TRUE(b.follow(leader));
  b.leads = true;
  b.ballot = test_ballot(2, 2);
  ASSERT_TRUE(b.sequence(list));
  std::set<device_sequence_number> numbers;
  for (const auto& what : b.entries())
    if (what.device == b.id) {
      EXPECT_TRUE(numbers.insert(what.device_sequence).second);
    }
  for (const auto& what : list)
    EXPECT_TRUE(numbers.contains(what.device_sequence));
}

TEST_F(sequencing, what_a_removed_member_wrote_is_a_conflict) {
  auto make_member = [&](bool removed) {
    const nlohmann::json image{{"name", "bert"}, {"removed", removed}};
    ASSERT_TRUE(leader.write(
      {record_change{std::string{member_model}, record_id{b.id.bytes},
                     change_type::update, image.dump()}}));
  };
  make_member(false);
  ASSERT_TRUE(b.write(insert_note(1, "a")));
  propose(b);
  ASSERT_TRUE(b.follow(leader));
  ASSERT_TRUE(b.write(insert_note(2, "b")));
  make_member(true);
  propose(b);
  EXPECT_EQ(conflicts(), strings{"membership"});
  EXPECT_EQ(leader.rows("SELECT name FROM note"), "\"a\"\n");
  const auto kept = loser_of(leader.entries().back().data);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->device, b.id);
  EXPECT_EQ(nlohmann::json::parse(kept->data)["name"], "b");

  make_member(false);
  ASSERT_TRUE(b.follow(leader));
  ASSERT_TRUE(b.write(insert_note(3, "c")));
  propose(b);
  EXPECT_EQ(conflicts(), strings{"membership"}) << "a member again";
}

TEST_F(sequencing, what_a_device_wrote_that_was_never_let_in_is_a_conflict) {
  // Taken back from a log that was cut, with the word that had let it in.
  const nlohmann::json image{{"name", "ann"}, {"removed", false}};
  ASSERT_TRUE(leader.write(
    {record_change{std::string{member_model}, record_id{leader.id.bytes},
                   change_type::update, image.dump()}}));
  ASSERT_TRUE(b.write(insert_note(1, "a")));
  propose(b);
  EXPECT_EQ(conflicts(), strings{"membership"});
  EXPECT_EQ(leader.rows("SELECT name FROM note"), "");
}

TEST_F(sequencing, what_a_device_wrote_counts_once_it_was_let_in) {
  const auto named = [](const char* name) {
    return nlohmann::json{{"name", name}, {"removed", false}}.dump();
  };
  for (const auto& one : {leader.id, c.id})
    ASSERT_TRUE(leader.write(
      {record_change{std::string{member_model}, record_id{one.bytes},
                     change_type::update, named("somebody")}}));
  auto list
    = *c.write({record_change{std::string{member_model}, record_id{b.id.bytes},
                              change_type::update, named("b")}});
  const auto written = *b.write(insert_note(1, "a"));
  list.insert(list.end(), written.begin(), written.end());
  ASSERT_TRUE(leader.propose(c.id, {list, {}}));
  EXPECT_EQ(conflicts(), strings{});
  EXPECT_EQ(leader.rows("SELECT name FROM note"), "\"a\"\n");
}

TEST_F(sequencing, what_does_not_fit_once_it_is_merged_is_a_conflict) {
  for (auto* device : {&leader, &b, &c}) {
    device->elsewhere("CREATE TABLE place(uuid TEXT PRIMARY KEY, x INT, y INT,"
                      " UNIQUE(x, y))");
    EXPECT_TRUE(device->track("place"));
  }
  ASSERT_TRUE(
    leader.write({policy_change("place", conflict_policy::field_merge)}));
  ASSERT_TRUE(leader.write("INSERT INTO place VALUES('" + uuid(1)
                           + "', 0, 0), ('" + uuid(2) + "', 7, 7)"));
  ASSERT_TRUE(b.follow(leader));
  ASSERT_TRUE(c.follow(leader));
  ASSERT_TRUE(b.write("UPDATE place SET x = 7 WHERE x = 0"));
  ASSERT_TRUE(c.write("UPDATE place SET y = 7 WHERE y = 0"));
  exchange();
  EXPECT_EQ(conflicts(), strings{"constraint"});
  EXPECT_EQ(leader.rows("SELECT x, y FROM place ORDER BY uuid"), "7|0\n7|7\n");
}

TEST_F(sequencing, unreadable_data_becomes_a_conflict) {
  auto list = *b.write(insert_note(1, "a"));
  list.front().data = "\xff no JSON";
  ASSERT_TRUE(leader.sequence(list));
  EXPECT_EQ(conflicts(), strings{"constraint"});
}

} // namespace lockstep
