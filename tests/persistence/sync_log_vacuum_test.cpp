#include "persistence/sync_log_store.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

namespace lockstep {

namespace {

constexpr timestamp always{~std::uint64_t{0}};

class sync_log_vacuum : public testing::Test {
protected:
  void append(const std::vector<entry>& list) {
    auto head = log_->append(list.back().ballot, log_->head()->position, list);
    ASSERT_TRUE(head) << head.error().message;
  }

  std::uint64_t vacuum(timestamp before, std::uint64_t through) {
    auto count = log_->count();
    auto removed = log_->vacuum_old_entries(before, sequence_number{through});
    EXPECT_EQ(log_->count(), *count - *removed);
    return *removed;
  }

  std::vector<std::uint64_t> left() const {
    std::vector<std::uint64_t> all;
    auto list = log_->fetch_since({}, 100'000);
    for (const auto& one : *list)
      all.push_back(one.sequence.value);
    return all;
  }

  temporary_directory folder_;
  expected<sync_log_store> log_ = sync_log_store::open(folder_ / "sync.db");
  entry_maker maker_;
};

using numbers = std::vector<std::uint64_t>;

/// What vacuum leaves of a log, found the slow way.
std::vector<entry> vacuumed(const std::vector<entry>& log, timestamp before,
                            sequence_number through) {
  std::vector<entry> kept;
  for (const auto& one : log) {
    auto superseded
      = std::any_of(log.begin(), log.end(), [&](const entry& other) {
          return other.previous == one.sequence;
        });
    auto closes_others
      = !kept.empty() && kept.back().transaction_end == one.sequence;
    if (!superseded || closes_others || one.timestamp >= before
        || one.sequence >= through || one.sequence == log.back().sequence)
      kept.push_back(one);
  }
  return kept;
}

} // namespace

TEST_F(sync_log_vacuum, newest_entry_of_each_record_stays) {
  append({maker_.make(1), maker_.make(2), maker_.make(1), maker_.make(3),
          maker_.make(1), maker_.make(2), maker_.make(4)});
  EXPECT_EQ(vacuum(always, 99), 3u);
  EXPECT_EQ(left(), (numbers{4, 5, 6, 7}));
  EXPECT_EQ(log_->vacuumed_through(), sequence_number{3});
  EXPECT_EQ(vacuum(always, 99), 0u);
}

TEST_F(sync_log_vacuum, empty_log_has_nothing_to_remove) {
  EXPECT_EQ(vacuum(always, 99), 0u);
}

TEST_F(sync_log_vacuum, young_entries_stay) {
  auto list = maker_.make_list(5);
  append(list);
  EXPECT_EQ(vacuum(list[2].timestamp, 99), 2u);
  EXPECT_EQ(left(), (numbers{3, 4, 5}));
}

TEST_F(sync_log_vacuum, entries_from_where_a_member_stands_stay) {
  append(maker_.make_list(6));
  EXPECT_EQ(vacuum(always, 3), 2u);
  EXPECT_EQ(left(), (numbers{3, 4, 5, 6}));
  EXPECT_EQ(vacuum(always, 0), 0u);
}

TEST_F(sync_log_vacuum, numbers_of_removed_entries_stay_accepted) {
  append(maker_.make_list(5));
  auto before = log_->accepted();
  EXPECT_EQ(vacuum(always, 99), 4u);
  EXPECT_EQ(log_->accepted(), before);
}

TEST_F(sync_log_vacuum, vacuumed_log_goes_on) {
  append(maker_.make_list(5));
  vacuum(always, 99);
  append(maker_.make_list(2));
  EXPECT_EQ(left(), (numbers{5, 6, 7}));
  EXPECT_EQ(log_->head(), maker_.head());
  EXPECT_EQ(log_->record_history("note", test_record(1))->size(), 3u);
  EXPECT_EQ(log_->last_at_or_before({test_ballot(1), sequence_number{4}}),
            log_position{});
}

TEST_F(sync_log_vacuum, transaction_keeps_its_end_as_long_as_any_of_it) {
  std::vector<entry> list;
  for (auto record : std::vector<std::uint8_t>{1, 2, 2, 3}) {
    auto part = maker_.make(record);
    part.transaction_end = sequence_number{record == 3 ? 4u : 3u};
    list.push_back(maker_.sealed(part));
  }
  list.push_back(maker_.make(2));
  append(list);
  EXPECT_EQ(vacuum(always, 99), 1u);
  EXPECT_EQ(left(), (numbers{1, 3, 4, 5}));
  append({maker_.make(1)});
  EXPECT_EQ(vacuum(always, 99), 2u);
  EXPECT_EQ(left(), (numbers{4, 5, 6}));
}

TEST_F(sync_log_vacuum, long_log_is_removed_in_steps) {
  for (int i = 0; i < 25; ++i)
    append(maker_.make_list(1000, static_cast<std::uint8_t>(i % 3)));
  EXPECT_EQ(vacuum(always, 25'001), 24'997u);
  EXPECT_EQ(left(), (numbers{23'000, 24'000, 25'000}));
}

TEST_F(sync_log_vacuum, leaves_what_the_rules_leave) {
  const auto* given = std::getenv("LOCKSTEP_SEED");
  auto seed = given ? std::strtoull(given, nullptr, 10) : 7;
  SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  std::vector<entry> model;
  for (int round = 0; round < 30; ++round) {
    std::vector<entry> list;
    auto end = maker_.head().position.sequence + (1 + random() % 20);
    while (maker_.head().position.sequence < end) {
      auto part = maker_.make(static_cast<std::uint8_t>(random() % 6));
      part.timestamp.packed = random() % 1000;
      part.transaction_end = random() % 2 == 0 ? part.sequence : end;
      list.push_back(maker_.sealed(part));
    }
    append(list);
    model.insert(model.end(), list.begin(), list.end());
    timestamp before{random() % 1200};
    sequence_number through{random() % (end.value + 3)};
    ASSERT_TRUE(log_->vacuum_old_entries(before, through));
    model = vacuumed(model, before, through);
    ASSERT_EQ(log_->fetch_since({}, 1000), model);
    ASSERT_EQ(log_->count(), model.size());
  }
}

} // namespace lockstep
