#include "protocol/conflict.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace lockstep {

namespace {

/// Two devices that both led, and a third that only follows; what `old_leader`
/// sequenced alone has to go into the log of `leader`.
struct returning : testing::Test {
  returning() {
    old_leader.leads = true;
    for (auto* device : {&old_leader, &leader, &other}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
    EXPECT_TRUE(old_leader.write(insert_note(1, "shared")));
    EXPECT_TRUE(leader.follow(old_leader));
    keep = leader.entries().back().sequence;
  }

  void elect() {
    old_leader.leads = false;
    leader.leads = true;
    leader.ballot = test_ballot(2, 2);
  }

  void yield() {
    ASSERT_EQ(old_leader.give_back(keep), keep);
    old_leader.cut(keep);
  }

  /// Proposes and follows until nothing is pending, and compares.
  void settle() {
    ASSERT_TRUE(leader.sequence(old_leader.pending()));
    auto done = old_leader.follow(leader);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(old_leader.store->pending.count(), 0U);
    EXPECT_EQ(old_leader.digest(), leader.digest());
    std::map<std::pair<device_id, device_sequence_number>, int> times;
    for (const auto& what : leader.entries())
      EXPECT_EQ((++times[{what.device, what.device_sequence}]), 1);
  }

  std::string names(library_device& device) {
    return device.rows("SELECT name FROM note ORDER BY name");
  }

  library_device old_leader{1};
  library_device leader{2};
  library_device other{3};
  sequence_number keep;
};

} // namespace

TEST_F(returning, own_entries_become_proposals_and_stay_in_sight) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "alone")));
  ASSERT_TRUE(old_leader.write("UPDATE note SET text = 'x' WHERE name ="
                               " 'alone'"));
  elect();
  yield();
  EXPECT_EQ(names(old_leader), "\"alone\"\n\"shared\"\n");
  EXPECT_EQ(old_leader.store->applied(), keep);
  settle();
  EXPECT_EQ(names(leader), "\"alone\"\n\"shared\"\n");
}

TEST_F(returning, operations_of_other_devices_come_along) {
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write({sql_statement{insert_note(3, "c"), {}},
                           sql_statement{insert_note(4, "d"), {}}}));
  const auto proposed = other.pending();
  ASSERT_TRUE(old_leader.sequence(proposed));
  elect();
  yield();
  const auto list = old_leader.pending();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].device, other.id);
  EXPECT_EQ(list[0].transaction_end, list[1].device_sequence);
  EXPECT_EQ(old_leader.store->pending.fetch(old_leader.id, {}, 1).list.size(),
            2U)
    << "a transaction stays whole";
  ASSERT_TRUE(leader.sequence(proposed));
  settle();
}

TEST_F(returning, operations_are_proposed_in_the_order_that_they_had) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "first")));
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write(insert_note(3, "second")));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_TRUE(old_leader.write(insert_note(4, "third")));
  elect();
  yield();
  const auto makers = [&](device_sequence_number after, std::uint32_t limit) {
    std::vector<device_id> list;
    for (const auto& what :
         old_leader.store->pending.fetch(old_leader.id, after, limit).list)
      list.push_back(what.device);
    return list;
  };
  using devices = std::vector<device_id>;
  const auto& own = old_leader.id;
  EXPECT_EQ(makers({}, 9), (devices{own, other.id, own}));
  EXPECT_EQ(makers({}, 2), (devices{own, other.id, own}));
  const auto first = old_leader.pending().front().device_sequence;
  EXPECT_EQ(makers(first, 9), (devices{other.id, own}))
    << "others' are given until their entries come";
  EXPECT_EQ(makers({}, 1), (devices{own, other.id}));
  EXPECT_EQ(makers(first, 1), (devices{other.id, own}))
    << "own ones wait for nobody";
}

TEST_F(returning, what_a_newcomer_wrote_comes_after_the_word_that_let_it_in) {
  const auto let_in = [](library_device& by, device_id who) {
    const nlohmann::json image{{"name", "somebody"}, {"removed", false}};
    return by.write(
      {record_change{std::string{member_model}, record_id{who.bytes},
                     change_type::update, image.dump()}});
  };
  for (const auto& one : {old_leader.id, leader.id})
    ASSERT_TRUE(let_in(old_leader, one));
  ASSERT_TRUE(leader.follow(old_leader));
  keep = leader.entries().back().sequence;
  ASSERT_TRUE(let_in(old_leader, other.id));
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write(insert_note(3, "newcomer")));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  elect();
  yield();
  const auto batch = old_leader.store->pending.fetch(old_leader.id, {}, 100);
  ASSERT_TRUE(leader.propose(old_leader.id, batch));
  EXPECT_EQ(names(leader), "\"newcomer\"\n\"shared\"\n");
  for (const auto& what : leader.entries())
    EXPECT_NE(what.model, conflict_model) << what.data;
}

TEST_F(returning, an_edit_is_based_on_what_was_seen_whatever_its_version) {
  ASSERT_TRUE(old_leader.write("UPDATE note SET text = 'one'"));
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write("UPDATE note SET text = 'two'"));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  elect();
  // The same version as that of 'one', which is what 'two' was written over.
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'leader'"));
  yield();
  settle();
  auto texts = leader.rows("SELECT text FROM note");
  for (const auto& what : leader.entries())
    if (const auto lost = loser_of(what.data); lost)
      texts += lost->data;
  EXPECT_NE(texts.find("leader"), std::string::npos) << texts;
  EXPECT_NE(texts.find("two"), std::string::npos) << texts;
}

TEST_F(returning, an_edit_upon_another_device_s_makes_no_conflict) {
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write("UPDATE note SET text = 'one'"));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_TRUE(old_leader.write("UPDATE note SET text = 'two'"));
  elect();
  yield();
  settle();
  EXPECT_EQ(leader.rows("SELECT text FROM note"), "\"two\"\n");
  for (const auto& what : leader.entries())
    EXPECT_NE(what.model, conflict_model) << what.data;
}

TEST_F(returning, a_crash_before_the_cut_does_no_harm) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "alone")));
  elect();
  ASSERT_TRUE(old_leader.give_back(keep));
  old_leader.reopen();
  ASSERT_TRUE(old_leader.catch_up());
  EXPECT_EQ(old_leader.store->pending.count(), 0U);
  EXPECT_EQ(names(old_leader), "\"alone\"\n\"shared\"\n");
  yield();
  settle();
}

TEST_F(returning, a_crash_after_the_cut_does_no_harm) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "alone")));
  elect();
  yield();
  old_leader.reopen();
  ASSERT_TRUE(old_leader.catch_up());
  EXPECT_EQ(old_leader.pending().size(), 1U);
  auto next = old_leader.write(insert_note(3, "later"));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->front().device_sequence, device_sequence_number{3});
  settle();
}

TEST_F(returning, entries_that_were_not_applied_yet_are_given_back_too) {
  old_leader.write_and_crash_before_commit(insert_note(2, "alone"));
  elect();
  yield();
  EXPECT_EQ(old_leader.pending().size(), 1U);
  settle();
  EXPECT_EQ(names(leader), "\"alone\"\n\"shared\"\n");
}

TEST_F(returning, both_sides_of_a_conflict_can_be_decided_anew) {
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write("UPDATE note SET text = 'other'"));
  ASSERT_TRUE(old_leader.write("DELETE FROM note"));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  elect();
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'leader'"));
  yield();
  settle();
  EXPECT_EQ(names(leader), "");
}

TEST_F(returning, a_lost_operation_that_is_taken_now_is_shown) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "taken")));
  ASSERT_TRUE(other.write(insert_note(3, "taken")));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  elect();
  // The new leader hears of the loser first.
  ASSERT_TRUE(leader.sequence(other.pending()));
  yield();
  settle();
  EXPECT_EQ(leader.rows("SELECT uuid FROM note WHERE name = 'taken'"),
            "\"" + uuid(3) + "\"\n");
}

TEST_F(returning, the_end_of_a_conflict_is_decided_anew) {
  ASSERT_TRUE(other.follow(old_leader));
  ASSERT_TRUE(other.write("UPDATE note SET text = 'lost'"));
  for (const auto* text : {"one", "two"})
    ASSERT_TRUE(
      old_leader.write("UPDATE note SET text = '" + std::string{text} + "'"));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  for (auto* device : {&leader, &other})
    ASSERT_TRUE(device->follow(old_leader));
  keep = leader.entries().back().sequence;
  const auto conflict = leader.entries().back().record;
  ASSERT_TRUE(other.write("UPDATE note SET text = 'lost'"));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  EXPECT_EQ(old_leader.store->index.count(conflict_model), 0U);
  elect();
  yield();
  EXPECT_EQ(old_leader.store->index.count(conflict_model), 1U);
  for (const auto& what : old_leader.pending())
    EXPECT_NE(what.record, conflict);
  settle();
  EXPECT_EQ(leader.store->index.count(conflict_model), 0U);
}

TEST_F(returning, an_edit_after_the_return_follows_on_what_is_seen) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "alone")));
  elect();
  yield();
  ASSERT_TRUE(old_leader.write("UPDATE note SET text = 'y' WHERE name ="
                               " 'alone'"));
  settle();
  EXPECT_EQ(leader.rows("SELECT text FROM note WHERE name = 'alone'"),
            "\"y\"\n");
}

TEST_F(returning, what_a_leader_added_has_no_end_behind_other_transactions) {
  elect();
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'of the leader'"));
  ASSERT_TRUE(old_leader.write("UPDATE note SET text = 'unseen'"));
  ASSERT_TRUE(old_leader.write(insert_note(5, "between")));
  ASSERT_TRUE(old_leader.follow(leader));
  keep = leader.entries().back().sequence;
  // Its number for the conflict comes after those of all that was pending.
  old_leader.leads = true;
  ASSERT_TRUE(old_leader.take_office(test_ballot(3, 1)));
  ASSERT_EQ(old_leader.entries().size(), keep.value + 3);
  leader.ballot = test_ballot(4, 2);
  old_leader.leads = false;
  yield();
  const auto batch = old_leader.store->pending.fetch(old_leader.id, {}, 100);
  ASSERT_EQ(batch.list.size(), 3U);
  ASSERT_TRUE(leader.propose(old_leader.id, batch));
  auto done = old_leader.follow(leader);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(old_leader.pending().empty());
  EXPECT_EQ(old_leader.digest(), leader.digest());
}

} // namespace lockstep
