#include "persistence/sync_log_vacuum.hpp"
#include "protocol/conflict.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lockstep {

namespace {

void vacuum(library_device& device) {
  const vacuum_old_entries everything{timestamp{~std::uint64_t{0}},
                                      *device.log->latest_sequence()};
  sync_log_vacuum work{*device.log, everything};
  for (auto more = work.step();; more = work.step()) {
    ASSERT_TRUE(more) << more.error().message;
    if (!*more)
      break;
  }
  ASSERT_NE(work.result().removed, 0U);
}

/// Two devices that both led for so long that each vacuumed its log.
struct vacuumed_return : testing::Test {
  vacuumed_return() {
    old_leader.leads = true;
    for (auto* device : {&old_leader, &leader, &other}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
    EXPECT_TRUE(old_leader.write(insert_note(1, "shared")));
    meet();
  }

  /// All have what the old leader has.
  void meet() {
    for (auto* device : {&leader, &other})
      EXPECT_TRUE(device->follow(old_leader));
    keep = leader.entries().back().sequence;
  }

  void elect() {
    old_leader.leads = false;
    leader.leads = true;
    leader.ballot = test_ballot(2, 2);
  }

  void edit(library_device& device, const std::string& text) {
    ASSERT_TRUE(device.write("UPDATE note SET text = '" + text
                             + "' WHERE name"
                               " = 'shared'"));
  }

  /// The old leader's log is cut, and what it made alone is decided anew.
  void come_together() {
    const auto kept = old_leader.give_back(keep);
    ASSERT_TRUE(kept) << kept.error().message;
    from = *kept;
    old_leader.cut(*kept);
    ASSERT_TRUE(leader.sequence(old_leader.pending()));
    while (*old_leader.log->latest_sequence()
           < *leader.log->latest_sequence()) {
      const auto done = old_leader.follow(leader);
      ASSERT_TRUE(done) << done.error().message;
    }
    EXPECT_EQ(old_leader.store->pending.count(), 0U);
    EXPECT_EQ(old_leader.digest(), leader.digest());
  }

  std::vector<std::string> lost() {
    std::vector<std::string> images;
    for (const auto& what : leader.entries())
      if (const auto loser = loser_of(what.data))
        images.push_back(loser->data);
    return images;
  }

  bool is_lost(const std::string& text) {
    return std::ranges::any_of(lost(), [&](const std::string& image) {
      return image.find(text) != std::string::npos;
    });
  }

  std::string text() {
    return leader.rows("SELECT text FROM note WHERE name = 'shared'");
  }

  library_device old_leader{1};
  library_device leader{2};
  library_device other{3};
  /// The end of what both logs have in common, and what was kept of it.
  sequence_number keep;
  sequence_number from;
};

TEST_F(vacuumed_return, an_equal_version_is_not_the_same_state) {
  edit(old_leader, "one");
  edit(old_leader, "two");
  vacuum(old_leader);
  elect();
  // The version that 'two' is based on, in another log.
  edit(leader, "leading");
  come_together();
  EXPECT_TRUE(text() == "\"two\"\n" ? is_lost("leading") : is_lost("two"))
    << text();
}

TEST_F(vacuumed_return, what_an_edit_was_based_on_is_known_all_the_same) {
  edit(old_leader, "one");
  meet();
  edit(old_leader, "two");
  vacuum(old_leader);
  elect();
  come_together();
  EXPECT_EQ(text(), "\"two\"\n");
  EXPECT_TRUE(lost().empty());
}

TEST_F(vacuumed_return, an_open_conflict_keeps_what_it_alone_still_tells) {
  ASSERT_TRUE(other.write("UPDATE note SET text = 'theirs'"));
  edit(old_leader, "mine");
  // Written later, it wins.
  ASSERT_TRUE(other.write("UPDATE note SET text = 'theirs at last'"));
  ASSERT_TRUE(old_leader.sequence(other.pending()));
  ASSERT_EQ(old_leader.rows("SELECT text FROM note"), "\"theirs at last\"\n");
  vacuum(old_leader);
  elect();
  come_together();
  EXPECT_EQ(text(), "\"theirs at last\"\n");
  EXPECT_TRUE(is_lost("mine"));
}

TEST_F(vacuumed_return, a_log_that_cannot_be_cut_there_is_fetched_anew) {
  ASSERT_TRUE(old_leader.write(insert_note(2, "between")));
  meet();
  edit(old_leader, "alone");
  vacuum(old_leader);
  elect();
  come_together();
  EXPECT_EQ(from, sequence_number{});
  EXPECT_EQ(text(), "\"alone\"\n");
  // The record is known here as it is there.
  edit(leader, "more");
  ASSERT_TRUE(old_leader.follow(leader));
  EXPECT_EQ(old_leader.digest(), leader.digest());
  EXPECT_TRUE(lost().empty());
}

TEST_F(vacuumed_return, a_log_is_cut_where_it_can_be) {
  edit(old_leader, "one");
  vacuum(old_leader);
  meet();
  ASSERT_TRUE(old_leader.write(insert_note(2, "alone")));
  elect();
  come_together();
  EXPECT_EQ(from, keep);
}

TEST_F(vacuumed_return, large_transactions_and_small_ones_come_back_whole) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(old_leader.write(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i"
      " < 700) INSERT INTO note SELECT printf('%08x-0000-4000-8000-"
      "00000000000"
      + std::to_string(round) + "', i), 'name " + std::to_string(round)
      + " ' || i, '' FROM n"));
    edit(old_leader, std::to_string(round));
  }
  elect();
  ASSERT_EQ(old_leader.give_back(keep), keep);
  const auto pending = old_leader.pending();
  ASSERT_EQ(pending.size(), 2'103U);
  for (std::size_t i = 0; i < pending.size(); ++i)
    EXPECT_EQ(pending[i].device_sequence, pending.front().device_sequence + i);
  EXPECT_EQ(pending[0].transaction_end, pending[699].device_sequence);
  EXPECT_EQ(pending[700].transaction_end, pending[700].device_sequence);
  come_together();
  EXPECT_EQ(text(), "\"2\"\n");
  EXPECT_TRUE(lost().empty());
}

} // namespace

} // namespace lockstep
