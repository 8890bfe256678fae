#include "persistence/library_members.hpp"
#include "persistence/sync_log_vacuum.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {
namespace {

/// A follower that gives back all of its log, because the leader's was vacuumed
/// beyond it.
struct vacuumed_away : testing::Test {
  vacuumed_away() {
    leader.leads = true;
    for (auto* device : {&leader, &follower}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
    EXPECT_TRUE(leader.write(insert_note(1, "kept")));
    EXPECT_TRUE(leader.write(insert_note(2, "deleted")));
    EXPECT_TRUE(leader.write(insert_note(3, "changed")));
    EXPECT_TRUE(leader.write("UPDATE note SET text = 'a' WHERE name ="
                             " 'changed'"));
    EXPECT_TRUE(follower.follow(leader));
  }

  void go_on_without_the_follower() {
    for (const auto* sql :
         {"UPDATE note SET text = 'b' WHERE name = 'changed'",
          "DELETE FROM note WHERE name = 'deleted'",
          "UPDATE note SET text = 'c' WHERE name = 'changed'"})
      ASSERT_TRUE(leader.write(sql));
    sync_log_vacuum work{
      *leader.log,
      {timestamp{~std::uint64_t{0}}, leader.log->latest_sequence().value()}};
    while (work.step().value_or(false))
      ;
    ASSERT_GT(work.result().removed, 2U);
  }

  [[nodiscard]] operation word_that_lets_the_leader_in() const {
    operation said;
    said.device = leader.id;
    said.device_sequence = said.transaction_end = device_sequence_number{700};
    said.model = member_model;
    said.record.bytes = leader.id.bytes;
    said.change = change_type::insert;
    said.data = image_of({{leader.id, "anna", false}, {}, {}});
    return said;
  }

  void fetch_anew() {
    ASSERT_TRUE(follower.give_back({}));
    follower.cut({});
    ASSERT_TRUE(follower.follow(leader));
  }

  /// The leader says which operations its log ever held.
  void adopt() {
    const auto head = follower.log->head().value();
    const auto all = leader.log->accepted().value();
    const auto done
      = follower.log->append(follower.ballot, head.position, {}, all);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*done, head);
  }

  std::vector<device_sequence_number> settle(bool is_whole = true) {
    EXPECT_TRUE(follower.store->load_accepted());
    library_applier applier{*follower.store, [] {
                              return timestamp{};
                            }};
    auto own = applier.settle_vacuumed(is_whole);
    EXPECT_TRUE(own) << own.error().message;
    return own.value_or(std::vector<device_sequence_number>{});
  }

  std::uint64_t pending() {
    return follower.store->pending.count();
  }

  library_device leader{1};
  library_device follower{2};
};

} // namespace

TEST_F(vacuumed_away, what_was_vacuumed_is_pending_no_more) {
  go_on_without_the_follower();
  fetch_anew();
  // No entry will ever settle these.
  EXPECT_GT(pending(), 0U);
  EXPECT_NE(follower.digest(), leader.digest());
  adopt();
  EXPECT_TRUE(settle().empty());
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(follower.digest(), leader.digest());
  EXPECT_EQ(follower.rows("SELECT name, text FROM note ORDER BY name"),
            "\"changed\"|\"c\"\n\"kept\"|\"\"\n");
}

TEST_F(vacuumed_away, what_it_wrote_meanwhile_stays_to_be_proposed) {
  ASSERT_TRUE(follower.write(insert_note(4, "mine")));
  go_on_without_the_follower();
  fetch_anew();
  adopt();
  settle();
  EXPECT_EQ(pending(), 1U);
  EXPECT_EQ(follower.rows("SELECT name FROM note ORDER BY name"),
            "\"changed\"\n\"kept\"\n\"mine\"\n");
  ASSERT_TRUE(leader.sequence(follower.pending()));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(vacuumed_away,
       an_edit_upon_what_was_vacuumed_does_not_stand_in_the_way) {
  ASSERT_TRUE(
    follower.write("UPDATE note SET text = 'x' WHERE name = 'deleted'"));
  go_on_without_the_follower();
  fetch_anew();
  adopt();
  settle();
  ASSERT_TRUE(leader.sequence(follower.pending()));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(follower.digest(), leader.digest());
  EXPECT_EQ(follower.rows("SELECT name FROM note ORDER BY name"),
            "\"changed\"\n\"kept\"\n");
}

TEST_F(vacuumed_away, own_operations_among_them_are_told) {
  const auto made
    = follower.write("UPDATE note SET text = 'y' WHERE name = 'changed'");
  ASSERT_TRUE(made);
  // It has its place, which the follower never hears of.
  ASSERT_TRUE(leader.sequence(*made));
  go_on_without_the_follower();
  // This device's newest is always left.
  ASSERT_TRUE(leader.write("UPDATE note SET text = 'd' WHERE name = 'kept'"));
  ASSERT_TRUE(follower.follow(leader).has_value());
  EXPECT_EQ(pending(), 0U);
  const auto first = follower.write("UPDATE note SET text = 'e'");
  ASSERT_TRUE(first);
  EXPECT_EQ(pending(), first->size());
  const accepted_range held{follower.id, first->front().device_sequence,
                            first->front().device_sequence};
  const auto head = follower.log->head().value();
  ASSERT_TRUE(
    follower.log->append(follower.ballot, head.position, {}, {{held}}));
  EXPECT_EQ(settle(), std::vector{first->front().device_sequence});
  EXPECT_EQ(pending(), first->size() - 1);
}

TEST_F(vacuumed_away, a_new_operation_under_a_forgotten_number_is_kept) {
  ASSERT_TRUE(follower.write(insert_note(4, "old")));
  ASSERT_TRUE(follower.write(insert_note(5, "older")));
  ASSERT_TRUE(leader.sequence(follower.pending()));
  ASSERT_TRUE(follower.follow(leader));
  const auto newest = follower.store->accepted.last(follower.id);
  // As if its files had been lost: it counts from the beginning again.
  operation again;
  again.device = follower.id;
  again.device_sequence = again.transaction_end = newest;
  again.timestamp = timestamp::from(1'900'000'000'000, 0);
  again.model = "note";
  again.record = test_record(9);
  again.change = change_type::insert;
  again.data = R"({"uuid":")" + uuid(9) + R"(","name":"new","text":""})";
  follower.store->pending.add(again, false);
  EXPECT_TRUE(settle(false).empty());
  EXPECT_EQ(pending(), 1U);
  EXPECT_LT(newest, follower.store->pending.last(follower.id));
  ASSERT_TRUE(leader.sequence(follower.pending()));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(vacuumed_away, a_crash_on_the_way_does_no_harm) {
  go_on_without_the_follower();
  fetch_anew();
  follower.reopen();
  EXPECT_TRUE(follower.store->is_fetching_anew());
  adopt();
  follower.reopen();
  // The log has the numbers; what they settle is seen at the next start.
  settle(false);
  EXPECT_EQ(pending(), 0U);
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(vacuumed_away, numbers_are_taken_only_where_the_log_ends_as_told) {
  const auto head = follower.log->head().value().position;
  const accepted_range range{leader.id, device_sequence_number{1},
                             device_sequence_number{99}};
  auto refused = [&](log_position at, const accepted_range& what) {
    const auto done = follower.log->append(follower.ballot, at, {}, {{what}});
    return done ? errc::none : done.error().code;
  };
  EXPECT_EQ(refused({}, range), errc::log_conflict);
  auto wrong = range;
  wrong.first = {};
  EXPECT_EQ(refused(head, wrong), errc::invalid_argument);
  wrong = range;
  wrong.last = device_sequence_number{~std::uint64_t{0}};
  EXPECT_EQ(refused(head, wrong), errc::invalid_argument);
  EXPECT_EQ(refused(head, range), errc::none);
  ASSERT_TRUE(follower.store->load_accepted());
  EXPECT_TRUE(
    follower.store->accepted.contains(leader.id, device_sequence_number{50}));
}

TEST_F(vacuumed_away, members_are_known_until_the_log_names_them_again) {
  const auto said = word_that_lets_the_leader_in();
  follower.store->pending.add(said, true);
  EXPECT_TRUE(known_members(*follower.store, {}).value().empty());
  ASSERT_TRUE(follower.give_back({}));
  follower.cut({});
  const auto known = known_members(*follower.store, {}).value();
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].device, leader.id);
  EXPECT_EQ(known[0].name, "anna");
}

TEST_F(vacuumed_away,
       a_corrected_clock_leaves_what_was_taken_back_as_others_know_it) {
  operation known;
  known.device = follower.id;
  known.device_sequence = known.transaction_end = device_sequence_number{700};
  known.timestamp = timestamp::from(5'000, 0);
  known.model = "note";
  auto fresh = known;
  fresh.device_sequence = fresh.transaction_end = device_sequence_number{701};
  auto& pending = follower.store->pending;
  pending.clear();
  pending.add_at(pending.place_in_front(1), {known, true});
  pending.add(fresh);
  pending.move_times(follower.id, {}, std::chrono::milliseconds{1'000});
  const auto all = pending.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].timestamp, timestamp::from(5'000, 0));
  EXPECT_EQ(all[1].timestamp, timestamp::from(6'000, 0));
}

TEST_F(vacuumed_away, members_that_only_the_cut_part_named_are_marked_as_such) {
  const auto said = word_that_lets_the_leader_in();
  auto& pending = follower.store->pending;
  pending.add(said, true);
  EXPECT_TRUE(known_members(*follower.store, {}).value().empty())
    << "it was never in a log";
  pending.clear();
  pending.add_at(pending.place_in_front(1), {said, true});
  const std::vector<member> marked{{leader.id, "anna", false, true}};
  EXPECT_EQ(known_members(*follower.store, {}).value(), marked);
}

} // namespace lockstep
