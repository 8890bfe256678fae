#include "persistence/sync_log_vacuum.hpp"
#include "persistence/unlogged_records.hpp"
#include "protocol/conflict.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lockstep {

namespace {

/// A device that led loses the end of its log, which nobody else has; another
/// one led meanwhile.
struct unlogged_records : testing::Test {
  unlogged_records() {
    lost.leads = true;
    for (auto* device : {&lost, &leader}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
    EXPECT_TRUE(lost.write(insert_note(1, "shared", "text")));
    EXPECT_TRUE(leader.follow(lost));
    keep = leader.entries().back().sequence;
  }

  void elect() {
    lost.leads = false;
    leader.leads = true;
    leader.ballot = test_ballot(2, 2);
  }

  /// The log is mended, and fetched from whoever leads.
  void repair() {
    lost.cut(keep);
    const auto forgotten = forget_log_after(*lost.store, keep);
    ASSERT_TRUE(forgotten) << forgotten.error().message;
    ASSERT_TRUE(lost.follow(leader));
    ASSERT_TRUE(lost.log->note_forgotten(*leader.log->forgotten()));
    const auto taken = take_up_unlogged(*lost.store);
    ASSERT_TRUE(taken) << taken.error().message;
    ASSERT_TRUE(lost.capture());
    ASSERT_TRUE(leader.sequence(lost.pending()));
    ASSERT_TRUE(lost.follow(leader));
    EXPECT_EQ(lost.store->pending.count(), 0U);
    EXPECT_EQ(lost.digest(), leader.digest());
  }

  void update(library_device& on, const std::string& what) {
    ASSERT_TRUE(
      on.write("UPDATE note SET " + what + " WHERE uuid = '" + uuid(1) + "'"));
  }

  std::string notes(library_device& device) {
    return device.rows("SELECT name, text FROM note ORDER BY name");
  }

  /// What conflicts keep, a line each.
  std::string kept() {
    std::string text;
    for (const auto& what : leader.entries())
      if (what.model == conflict_model && what.change != change_type::remove)
        if (const auto loser = loser_of(what.data)) {
          const auto image = nlohmann::json::parse(what.data);
          text += image["kind"].get<std::string>() + " "
                  + (loser->data.empty()
                       ? "delete"
                       : nlohmann::json::parse(loser->data)["name"]
                             .get<std::string>()
                           + " "
                           + nlohmann::json::parse(loser->data)["text"]
                               .get<std::string>())
                  + "\n";
        }
    return text;
  }

  library_device lost{1};
  library_device leader{2};
  sequence_number keep;
};

} // namespace

TEST_F(unlogged_records, are_written_anew_where_nobody_has_them) {
  update(lost, "text = 'of lost'");
  ASSERT_TRUE(lost.write(insert_note(2, "new", "of lost")));
  elect();
  repair();
  EXPECT_EQ(notes(leader), "\"new\"|\"of lost\"\n"
                           "\"shared\"|\"of lost\"\n");
  EXPECT_EQ(kept(), "");
}

TEST_F(unlogged_records, that_others_deleted_and_forgot_are_conflicts) {
  ASSERT_TRUE(lost.write(insert_note(2, "gone", "of lost")));
  ASSERT_TRUE(lost.write(insert_note(5, "last", "of lost")));
  ASSERT_TRUE(leader.follow(lost));
  elect();
  ASSERT_TRUE(leader.write("DELETE FROM note WHERE name = 'gone'"));
  ASSERT_TRUE(leader.write(insert_note(3, "new", "of leader")));
  ASSERT_TRUE(leader.write(insert_note(4, "newer", "of leader")));
  sync_log_vacuum vacuum{
    *leader.log,
    {timestamp{~std::uint64_t{0}}, sequence_number{99}, sequence_number{99}}};
  while (vacuum.step().value_or(false)) {}
  ASSERT_EQ(vacuum.result().forgotten, 1U);
  // Nothing is left of its log.
  keep = {};
  repair();
  EXPECT_EQ(notes(leader), "\"last\"|\"of lost\"\n"
                           "\"new\"|\"of leader\"\n"
                           "\"newer\"|\"of leader\"\n"
                           "\"shared\"|\"text\"\n");
  EXPECT_EQ(kept(), "concurrent gone of lost\n");
}

TEST_F(unlogged_records, of_which_others_made_something_else_are_conflicts) {
  update(lost, "text = 'of lost'");
  elect();
  update(leader, "text = 'of leader'");
  repair();
  EXPECT_EQ(notes(leader), "\"shared\"|\"of leader\"\n");
  EXPECT_EQ(kept(), "concurrent shared of lost\n");
}

TEST_F(unlogged_records, are_conflicts_also_where_others_went_on) {
  update(lost, "text = 'of lost'");
  elect();
  update(leader, "text = 'of leader'");
  update(leader, "text = 'again'");
  update(leader, "text = 'and again'");
  repair();
  EXPECT_EQ(notes(leader), "\"shared\"|\"and again\"\n");
  EXPECT_EQ(kept(), "concurrent shared of lost\n");
}

TEST_F(unlogged_records, are_no_news_where_others_have_them) {
  update(lost, "text = 'of lost'");
  ASSERT_TRUE(lost.write(insert_note(2, "new", "of lost")));
  ASSERT_TRUE(leader.follow(lost));
  elect();
  update(leader, "text = 'of leader'");
  repair();
  EXPECT_EQ(notes(leader), "\"new\"|\"of lost\"\n"
                           "\"shared\"|\"of leader\"\n");
  EXPECT_EQ(kept(), "");
}

TEST_F(unlogged_records, are_no_conflict_where_others_wrote_the_same) {
  update(lost, "text = 'same'");
  elect();
  update(leader, "text = 'same'");
  repair();
  EXPECT_EQ(notes(leader), "\"shared\"|\"same\"\n");
  EXPECT_EQ(kept(), "");
}

TEST_F(unlogged_records, that_do_not_fit_any_more_are_conflicts) {
  update(lost, "text = 'twice'");
  update(lost, "name = 'taken'");
  elect();
  update(leader, "text = 'of leader'");
  ASSERT_TRUE(leader.write(insert_note(2, "taken", "of leader")));
  repair();
  EXPECT_EQ(notes(leader), "\"shared\"|\"of leader\"\n"
                           "\"taken\"|\"of leader\"\n");
  EXPECT_EQ(kept(), "constraint taken twice\n");
}

TEST_F(unlogged_records, that_were_deleted_beat_an_update_which_is_kept) {
  ASSERT_TRUE(lost.write("DELETE FROM note"));
  elect();
  update(leader, "text = 'of leader'");
  repair();
  EXPECT_EQ(notes(leader), "");
  EXPECT_EQ(kept(), "concurrent shared of leader\n");
}

TEST_F(unlogged_records, that_others_deleted_are_conflicts) {
  update(lost, "text = 'of lost'");
  elect();
  ASSERT_TRUE(leader.write("DELETE FROM note"));
  repair();
  EXPECT_EQ(notes(leader), "");
  EXPECT_EQ(kept(), "concurrent shared of lost\n");
}

TEST_F(unlogged_records, what_stands_on_something_pending_is_captured) {
  // Given back by a division, and not proposed yet when the log was lost.
  update(lost, "text = 'given back'");
  const auto between = lost.entries().back().sequence;
  update(lost, "text = 'lost'");
  elect();
  update(leader, "text = 'of another'");
  lost.cut(between);
  ASSERT_TRUE(forget_log_after(*lost.store, between));
  ASSERT_TRUE(lost.give_back(keep));
  lost.cut(keep);
  ASSERT_TRUE(lost.follow(leader));
  ASSERT_TRUE(take_up_unlogged(*lost.store));
  ASSERT_TRUE(lost.capture());
  ASSERT_TRUE(leader.sequence(lost.pending()));
  ASSERT_TRUE(lost.follow(leader));
  EXPECT_EQ(lost.store->pending.count(), 0U);
  EXPECT_EQ(lost.digest(), leader.digest());
  EXPECT_NE((notes(leader) + kept()).find("lost"), std::string::npos);
}

TEST_F(unlogged_records, an_older_equal_state_is_not_the_same) {
  update(lost, "text = 'other'");
  update(lost, "text = 'text'");
  elect();
  update(leader, "text = 'x'");
  update(leader, "text = 'y'");
  repair();
  EXPECT_EQ(kept(), "concurrent shared text\n");
}

TEST_F(unlogged_records, a_newer_one_is_not_noted_over) {
  update(lost, "text = 'a'");
  update(lost, "text = 'lost'");
  lost.cut(keep);
  ASSERT_TRUE(forget_log_after(*lost.store, keep));
  elect();
  update(leader, "text = 'of another'");
  ASSERT_TRUE(lost.follow(leader));
  // And once more, before it was over.
  repair();
  EXPECT_NE((notes(leader) + kept()).find("lost"), std::string::npos);
}

} // namespace lockstep
