#include "persistence/sync_log_store.hpp"

#include "persistence/sqlite_file.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

class sync_log : public testing::Test {
protected:
  sync_log_store open() const {
    auto store = sync_log_store::open(file_);
    if (!store)
      throw std::runtime_error(store.error().message);
    return std::move(*store);
  }

  /// Once something else was done to the file.
  sync_log_store reopened(const std::function<void(SQLite::Database&)>& edit) {
    // Whoever has it open keeps the old columns prepared.
    log_ = sync_log_store::open(folder_ / "other.db").value();
    SQLite::Database file{file_.string(), SQLite::OPEN_READWRITE};
    edit(file);
    return open();
  }

  expected<log_head> append(const std::vector<entry>& list) {
    auto head = log_.head();
    return log_.append(list.back().ballot, head->position, list);
  }

  /// Why an append fails, having changed nothing; or `none`.
  errc refusal(ballot under, log_position follows,
               const std::vector<entry>& list) {
    auto before = log_.fetch_since({}, 1000);
    auto accepted = log_.accepted();
    auto result = log_.append(under, follows, list);
    if (result)
      return errc::none;
    EXPECT_EQ(log_.fetch_since({}, 1000), before);
    EXPECT_EQ(log_.accepted(), accepted);
    EXPECT_EQ(log_.count(), before->size());
    return result.error().code;
  }

  errc refusal(const std::vector<entry>& list) {
    return refusal(list.back().ballot, log_.head()->position, list);
  }

  temporary_directory folder_;
  std::filesystem::path file_ = folder_ / "sync.db";
  sync_log_store log_ = open();
  entry_maker maker_;
};

accepted_range range(std::uint8_t device, std::uint64_t first,
                     std::uint64_t last) {
  return {test_device(device), device_sequence_number{first},
          device_sequence_number{last}};
}

using ranges = std::vector<accepted_range>;

} // namespace

TEST_F(sync_log, new_log_is_empty) {
  EXPECT_EQ(log_.head(), log_head{});
  EXPECT_EQ(*log_.head_at({}), log_head{});
  EXPECT_EQ(log_.latest_sequence(), sequence_number{});
  EXPECT_EQ(log_.count(), 0u);
  EXPECT_EQ(log_.fetch_since({}, 10), std::vector<entry>{});
  EXPECT_EQ(log_.accepted(), ranges{});
  EXPECT_EQ(log_.leadership(), leadership_record{});
  EXPECT_EQ(log_.progress(), std::vector<member_progress>{});
  EXPECT_EQ(log_.vacuumed_through(), sequence_number{});
}

TEST_F(sync_log, appended_entries_come_back_as_they_were) {
  auto strange = maker_.make();
  strange.change = change_type::remove;
  strange.timestamp.packed = ~std::uint64_t{0};
  strange.model = "übermodel";
  strange.data = std::string{"a\0b\xff", 4};
  std::vector<entry> list{maker_.sealed(strange), maker_.make(2, 3)};
  auto head = append(list);
  ASSERT_TRUE(head) << head.error().message;
  EXPECT_EQ(*head, maker_.head());
  EXPECT_EQ(log_.fetch_since({}, 10), list);
  EXPECT_EQ(*log_.at(sequence_number{2}), list[1]);
  EXPECT_EQ(*log_.at(sequence_number{3}), std::optional<entry>{});
}

TEST_F(sync_log, reopened_log_is_the_same) {
  std::vector<entry> list{maker_.make(1, 1), maker_.make(2, 2)};
  ASSERT_TRUE(append(list));
  leadership_record record{test_ballot(9, 3), test_ballot(8, 2), test_device(3),
                           wall_time{std::chrono::milliseconds{1234567}}};
  ASSERT_TRUE(log_.store_leadership(record));
  member_progress far{test_device(4), sequence_number{2},
                      wall_time{std::chrono::milliseconds{99}}};
  ASSERT_TRUE(log_.store_progress(std::vector{far}));
  log_ = open();
  EXPECT_EQ(log_.head(), maker_.head());
  EXPECT_EQ(log_.fetch_since({}, 10), list);
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 1), range(2, 1, 1)}));
  EXPECT_EQ(log_.leadership(), record);
  EXPECT_EQ(log_.progress(), std::vector{far});
  EXPECT_EQ(log_.count(), 2u);
}

TEST_F(sync_log, counts_of_an_older_version_hold_for_what_it_wrote) {
  const auto first = maker_.make_list(3);
  ASSERT_TRUE(append(first));
  log_ = reopened([](SQLite::Database& file) {
    file.exec("INSERT INTO accepted VALUES(1, 1, 3);"
              "UPDATE log_state SET entries = 3;"
              "ALTER TABLE log_state DROP COLUMN counted_through;"
              "DELETE FROM lockstep_migration WHERE number >= 6");
  });
  EXPECT_EQ(log_.count(), 3u);
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 3)}));
  ASSERT_TRUE(append(maker_.make_list(200)));
  EXPECT_EQ(log_.count(), 203u);
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 203)}));
}

TEST_F(sync_log, what_is_cut_and_comes_again_is_counted_again) {
  ASSERT_TRUE(append(maker_.make_list(100)));
  const auto kept = maker_;
  ASSERT_TRUE(append(maker_.make_list(10)));
  ASSERT_TRUE(log_.truncate_after(sequence_number{100}));
  maker_ = kept;
  for (const auto& one : maker_.make_list(10))
    ASSERT_TRUE(append({one}));
  EXPECT_EQ(log_.count(), 110u);
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 110)}));
}

TEST_F(sync_log, append_must_follow_on_the_end) {
  ASSERT_TRUE(append({maker_.make()}));
  auto end = maker_.head().position;
  auto next = maker_.make();
  EXPECT_EQ(refusal(next.ballot, {}, {next}), errc::log_conflict);
  EXPECT_EQ(refusal(next.ballot, {test_ballot(2), end.sequence}, {next}),
            errc::log_conflict);
  EXPECT_EQ(refusal(next.ballot, {end.ballot, end.sequence + 1}, {next}),
            errc::log_conflict);
  EXPECT_EQ(refusal(next.ballot, end, {}), errc::invalid_argument);
  EXPECT_EQ(refusal(next.ballot, end, {next}), errc::none);
}

TEST_F(sync_log, batch_with_a_wrong_entry_is_refused_as_a_whole) {
  ASSERT_TRUE(append({maker_.make()}));
  auto good = maker_.make_list(3);
  auto wrong = good;
  wrong[2].chain ^= 1;
  EXPECT_EQ(refusal(wrong), errc::log_conflict);
  wrong = good;
  wrong[2].sequence = wrong[1].sequence;
  EXPECT_EQ(refusal(wrong), errc::log_conflict);
  wrong = good;
  wrong[2].data += " ";
  EXPECT_EQ(refusal(wrong), errc::log_conflict);
  wrong = good;
  wrong[2].change = change_type{9};
  EXPECT_EQ(refusal(wrong), errc::invalid_argument);
  wrong = good;
  wrong[2].sequence = sequence_number{~std::uint64_t{0}};
  EXPECT_EQ(refusal(wrong), errc::invalid_argument);
  EXPECT_EQ(refusal(good), errc::none);
}

TEST_F(sync_log, ballots_never_fall) {
  maker_.under = test_ballot(5, 2);
  ASSERT_TRUE(append({maker_.make()}));
  auto fork = maker_;
  fork.under = test_ballot(5, 1);
  auto older = fork.make();
  EXPECT_EQ(refusal(test_ballot(5, 2), maker_.head().position, {older}),
            errc::log_conflict);
  maker_.under = test_ballot(6, 1);
  EXPECT_EQ(refusal({maker_.make()}), errc::none);
}

TEST_F(sync_log, older_leader_cannot_append) {
  ASSERT_TRUE(log_.store_leadership({test_ballot(7, 2), {}, {}, {}}));
  auto next = maker_.make();
  EXPECT_EQ(refusal(test_ballot(7, 1), {}, {next}), errc::stale_ballot);
  EXPECT_EQ(refusal(test_ballot(7, 2), {}, {next}), errc::none);
}

TEST_F(sync_log, leader_cannot_append_entries_of_a_newer_one) {
  maker_.under = test_ballot(3);
  EXPECT_EQ(refusal(test_ballot(2), {}, {maker_.make()}), errc::stale_ballot);
}

TEST_F(sync_log, gap_of_a_vacuumed_log_is_taken_over) {
  auto full = maker_.make_list(6);
  std::vector<entry> list{full[0], full[3], full[4]};
  ASSERT_TRUE(append(list));
  EXPECT_EQ(log_.vacuumed_through(), sequence_number{3});
  EXPECT_EQ(log_.count(), 3u);
  EXPECT_EQ(log_.fetch_since({}, 10), list);
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 1), range(1, 4, 5)}));
  full[5].chain ^= 1;
  EXPECT_EQ(refusal({full[5]}), errc::log_conflict);
}

TEST_F(sync_log, entry_without_a_number_is_not_accepted) {
  auto next = maker_.make();
  next.device_sequence = {};
  ASSERT_TRUE(append({maker_.sealed(next)}));
  EXPECT_EQ(log_.accepted(), ranges{});
}

TEST_F(sync_log, truncation_takes_entries_and_their_numbers_out) {
  std::vector<entry> list{maker_.make(1, 1), maker_.make(2, 2),
                          maker_.make(1, 1), maker_.make(2, 2)};
  ASSERT_TRUE(append(list));
  auto head = log_.truncate_after(sequence_number{1});
  ASSERT_TRUE(head);
  EXPECT_EQ(*head, (log_head{list[0].position(), list[0].chain}));
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 1)}));
  EXPECT_EQ(log_.count(), 1u);
  ASSERT_TRUE(append({list[1], list[2]}));
  EXPECT_EQ(log_.accepted(), (ranges{range(1, 1, 2), range(2, 1, 1)}));
}

TEST_F(sync_log, truncation_beyond_the_end_changes_nothing) {
  ASSERT_TRUE(append(maker_.make_list(3)));
  EXPECT_EQ(log_.truncate_after(sequence_number{3}), maker_.head());
  EXPECT_EQ(log_.truncate_after(sequence_number{~std::uint64_t{0}}),
            maker_.head());
  EXPECT_EQ(log_.count(), 3u);
}

TEST_F(sync_log, truncation_to_nothing_empties_the_log) {
  ASSERT_TRUE(append(maker_.make_list(3)));
  EXPECT_EQ(log_.truncate_after({}), log_head{});
  EXPECT_EQ(log_.accepted(), ranges{});
  EXPECT_EQ(log_.count(), 0u);
}

TEST_F(sync_log, progress_of_other_members_stays) {
  auto of = [](std::uint8_t device, std::uint64_t at) {
    return member_progress{test_device(device), sequence_number{at}, {}};
  };
  ASSERT_TRUE(log_.store_progress(std::vector{of(1, 5), of(2, 5)}));
  ASSERT_TRUE(log_.store_progress(std::vector{of(2, 3)}));
  EXPECT_EQ(log_.progress(), (std::vector{of(1, 5), of(2, 3)}));
}

TEST_F(sync_log, readable_view_shows_entries_to_people) {
  auto shown = maker_.make(2, 1);
  shown.timestamp = timestamp::from(1'767'225'600'123, 7);
  shown.change = change_type::remove;
  shown.data = "";
  ASSERT_TRUE(append({maker_.sealed(shown)}));
  SQLite::Database other{file_.string()};
  SQLite::Statement row{
    other, "SELECT sequence || ',' || device_id || ',' || timestamp || ',' || "
           "model_type || ',' || record_id || ',' || change_type || ',' || "
           "version || ',' || data FROM sync_log_readable"};
  ASSERT_TRUE(row.executeStep());
  EXPECT_EQ(row.getColumn(0).getString(),
            "1,00000000-0000-0000-0000-000000000001,2026-01-01T00:00:00.123Z,"
            "note,00000000-0000-0000-0000-000000000002,delete,1,");
}

} // namespace lockstep
