#include "persistence/forgotten_records.hpp"
#include "persistence/outlived_rows.hpp"
#include "persistence/sync_log_vacuum.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

/// A leader, and a follower that has all that it has; one record was deleted.
struct forgotten_record : testing::Test {
  forgotten_record() {
    leader.leads = true;
    for (auto* device : {&leader, &follower}) {
      device->elsewhere(note_table);
      EXPECT_TRUE(device->track("note"));
    }
    EXPECT_TRUE(leader.write(insert_note(1, "gone")));
    EXPECT_TRUE(leader.write(insert_note(2, "kept")));
    EXPECT_TRUE(follower.follow(leader));
    EXPECT_TRUE(leader.write("DELETE FROM note WHERE name = 'gone'"));
    EXPECT_TRUE(leader.write(insert_note(3, "last")));
    EXPECT_TRUE(follower.follow(leader));
  }

  static std::uint64_t forget(library_device& device) {
    sync_log_vacuum work{
      *device.log,
      {timestamp{~std::uint64_t{0}}, sequence_number{99}, sequence_number{99}}};
    while (work.step().value_or(false)) {}
    forgotten_records beside{*device.store};
    for (auto more = beside.step();; more = beside.step()) {
      EXPECT_TRUE(more) << more.error().message;
      if (!more.value_or(false))
        return work.result().forgotten;
    }
  }

  static record_state known(library_device& device) {
    return device.store->index.find("note", test_record(1));
  }

  library_device leader{1};
  library_device follower{2};
};

} // namespace

TEST_F(forgotten_record, is_known_no_more) {
  EXPECT_TRUE(known(leader).deleted);
  EXPECT_EQ(forget(leader), 1U);
  EXPECT_EQ(known(leader), record_state{});
  EXPECT_NE(leader.store->index.find("note", test_record(2)), record_state{});
  EXPECT_EQ(forget(leader), 0U);
}

TEST_F(forgotten_record, begins_anew_when_it_is_made_again) {
  forget(leader);
  ASSERT_TRUE(leader.write(insert_note(1, "again")));
  EXPECT_EQ(known(leader).version, version_number{1});
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_EQ(known(follower), known(leader));
  EXPECT_EQ(follower.digest(), leader.digest());
}

TEST_F(forgotten_record, is_deleted_where_a_cut_takes_its_new_life) {
  const auto before = known(follower);
  ASSERT_TRUE(before.deleted);
  const auto keep = follower.entries().back().sequence;
  forget(leader);
  ASSERT_TRUE(leader.write(insert_note(1, "again")));
  ASSERT_TRUE(
    leader.write("UPDATE note SET text = 'new' WHERE name = 'again'"));
  ASSERT_TRUE(follower.follow(leader));
  EXPECT_FALSE(known(follower).deleted);
  const auto kept = follower.give_back(keep);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, keep);
  EXPECT_EQ(known(follower), before);
}

TEST_F(forgotten_record, does_not_stay_in_tables_that_are_older) {
  library_device old{3};
  old.elsewhere(note_table);
  ASSERT_TRUE(old.track("note"));
  std::vector<entry> all;
  for (const auto& what : leader.entries())
    if (what.sequence < known(leader).latest)
      all.push_back(what);
  ASSERT_TRUE(old.receive(all));
  forget(leader);
  // Its log is the leader's, and its tables are what they were before.
  old.lose_from_tables([&] {
    ASSERT_TRUE(old.log->truncate_after({}));
    const auto list = leader.entries();
    ASSERT_TRUE(old.log->append(list.back().ballot, {}, list, {},
                                *leader.log->forgotten()));
  });
  const auto due = note_outlived_rows(*old.store);
  ASSERT_TRUE(due);
  EXPECT_TRUE(*due);
  ASSERT_TRUE(old.catch_up());
  EXPECT_NE(old.digest(), leader.digest());
  library_applier applier{*old.store, [] {
                            return timestamp{};
                          }};
  ASSERT_TRUE(applier.drop_outlived_rows());
  EXPECT_EQ(old.digest(), leader.digest());
  EXPECT_EQ(known(old), record_state{});
  EXPECT_EQ(note_outlived_rows(*old.store), false);
}

} // namespace lockstep
