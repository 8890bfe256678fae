#include "persistence/sync_log_vacuum.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace lockstep {

namespace {

constexpr timestamp always{~std::uint64_t{0}};

class vacuumed_log : public testing::Test {
protected:
  void append(const std::vector<entry>& list) {
    auto head = log_->append(list.back().ballot, log_->head()->position, list);
    ASSERT_TRUE(head) << head.error().message;
  }

  std::uint64_t vacuum(timestamp before, std::uint64_t through) {
    auto count = log_->count();
    const auto done = run({before, sequence_number{through}});
    EXPECT_EQ(log_->count(), *count - done.removed);
    return done.removed;
  }

  /// Steps to the end; `between` runs after each.
  vacuum_result run(
    const vacuum_old_entries& wish,
    const std::function<void()>& between = [] {}) {
    sync_log_vacuum work{*log_, wish};
    for (auto more = work.step();; more = work.step()) {
      EXPECT_TRUE(more) << more.error().message;
      between();
      if (!more.value_or(false))
        return work.result();
    }
  }

  vacuum_result forget(timestamp before, std::uint64_t through,
                       std::uint64_t forget_through) {
    return run(
      {before, sequence_number{through}, sequence_number{forget_through}});
  }

  entry remove(std::uint8_t record, std::uint8_t device = 1) {
    auto what = maker_.make(record, device);
    what.change = change_type::remove;
    what.data.clear();
    return maker_.sealed(what);
  }

  /// What the log was before it forgot the third entry and what that deleted.
  std::vector<entry> append_and_forget() {
    std::vector list{maker_.make(1), maker_.make(2), remove(1), maker_.make(3)};
    append(list);
    EXPECT_EQ(forget(always, 99, 99).forgotten, 1u);
    return list;
  }

  std::vector<std::uint64_t> archived(std::uint64_t since = 0) {
    std::vector<std::uint64_t> all;
    const auto read = entry_archive{folder_ / "archive"}.read(
      sequence_number{since}, [&](const entry& one) {
        all.push_back(one.sequence.value);
        return true;
      });
    EXPECT_TRUE(read) << read.error().message;
    return all;
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
                            sequence_number through,
                            sequence_number forget_through) {
  std::vector<entry> kept;
  for (const auto& one : log) {
    auto stays = [&](const entry& other) {
      return other.record == one.record && other.sequence < one.sequence;
    };
    auto superseded
      = std::any_of(log.begin(), log.end(), [&](const entry& other) {
          return other.previous == one.sequence && other.sequence <= through
                 && other.timestamp < before;
        });
    auto closes_others
      = !kept.empty() && kept.back().transaction_end == one.sequence;
    // One that a later one follows on, however young, is no deletion to forget
    // but where that one cannot be seen.
    const bool is_over = one.change == change_type::remove
                         && one.sequence <= forget_through
                         && std::none_of(kept.begin(), kept.end(), stays);
    if (!(superseded || is_over) || closes_others || one.timestamp >= before
        || one.sequence >= through || one.sequence == log.back().sequence)
      kept.push_back(one);
  }
  return kept;
}

} // namespace

TEST_F(vacuumed_log, newest_entry_of_each_record_stays) {
  append({maker_.make(1), maker_.make(2), maker_.make(1), maker_.make(3),
          maker_.make(1), maker_.make(2), maker_.make(4)});
  EXPECT_EQ(vacuum(always, 99), 3u);
  EXPECT_EQ(left(), (numbers{4, 5, 6, 7}));
  EXPECT_EQ(log_->vacuumed_through(), sequence_number{3});
  EXPECT_EQ(vacuum(always, 99), 0u);
}

TEST_F(vacuumed_log, newest_operation_of_each_device_stays) {
  append({maker_.make(1, 1), maker_.make(1, 2), maker_.make(1, 3),
          maker_.make(1, 2), maker_.make(1, 3), maker_.make(1, 3)});
  EXPECT_EQ(vacuum(always, 99), 3u);
  EXPECT_EQ(left(), (numbers{1, 4, 6}));
}

TEST_F(vacuumed_log, empty_log_has_nothing_to_remove) {
  EXPECT_EQ(vacuum(always, 99), 0u);
}

TEST_F(vacuumed_log, young_entries_stay) {
  auto list = maker_.make_list(5);
  append(list);
  // Until lately, the second one was what the record was.
  EXPECT_EQ(vacuum(list[2].timestamp, 99), 1u);
  EXPECT_EQ(left(), (numbers{2, 3, 4, 5}));
}

TEST_F(vacuumed_log, entries_from_where_a_member_stands_stay) {
  append(maker_.make_list(6));
  EXPECT_EQ(vacuum(always, 3), 2u);
  EXPECT_EQ(left(), (numbers{3, 4, 5, 6}));
  EXPECT_EQ(vacuum(always, 0), 0u);
}

TEST_F(vacuumed_log, numbers_of_removed_entries_stay_accepted) {
  append(maker_.make_list(5));
  auto before = log_->accepted();
  EXPECT_EQ(vacuum(always, 99), 4u);
  EXPECT_EQ(log_->accepted(), before);
}

TEST_F(vacuumed_log, vacuumed_log_goes_on) {
  append(maker_.make_list(5));
  vacuum(always, 99);
  append(maker_.make_list(2));
  EXPECT_EQ(left(), (numbers{5, 6, 7}));
  EXPECT_EQ(log_->head(), maker_.head());
  EXPECT_EQ(log_->record_history("note", test_record(1))->size(), 3u);
  EXPECT_EQ(log_->last_at_or_before({test_ballot(1), sequence_number{4}}),
            log_position{});
}

TEST_F(vacuumed_log, what_entries_followed_on_is_known_still) {
  using name = operation_name;
  auto list = maker_.make_list(3);
  list.push_back(maker_.make(2, 2));
  list.push_back(maker_.make(2, 3));
  append(list);
  EXPECT_EQ(log_->vacuumed_base(sequence_number{3}), std::nullopt);
  EXPECT_EQ(vacuum(always, 99), 2u);
  EXPECT_EQ(left(), (numbers{3, 4, 5}));
  EXPECT_EQ(log_->vacuumed_base(sequence_number{3}),
            (name{list[1].device, list[1].device_sequence}));
  EXPECT_EQ(log_->vacuumed_base(sequence_number{2}), std::nullopt);
  append({maker_.make(1)});
  EXPECT_EQ(vacuum(always, 99), 1u);
  EXPECT_EQ(log_->vacuumed_base(sequence_number{6}),
            (name{list[2].device, list[2].device_sequence}));
  ASSERT_TRUE(log_->truncate_after(sequence_number{5}));
  EXPECT_EQ(log_->vacuumed_base(sequence_number{6}), std::nullopt);
}

TEST_F(vacuumed_log, a_log_that_begins_anew_is_whole) {
  const auto list = maker_.make_list(5);
  append(list);
  vacuum(always, 99);
  EXPECT_EQ(log_->vacuumed_through(), sequence_number{4});
  ASSERT_TRUE(log_->truncate_after({}));
  EXPECT_EQ(log_->vacuumed_through(), sequence_number{});
  append(list);
  EXPECT_EQ(log_->vacuumed_through(), sequence_number{});
}

TEST_F(vacuumed_log, transaction_keeps_its_end_as_long_as_any_of_it) {
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

TEST_F(vacuumed_log, long_log_is_removed_in_steps) {
  for (int i = 0; i < 25; ++i)
    append(maker_.make_list(1000, static_cast<std::uint8_t>(i % 3)));
  EXPECT_EQ(vacuum(always, 25'001), 24'997u);
  EXPECT_EQ(left(), (numbers{23'000, 24'000, 25'000}));
}

TEST_F(vacuumed_log, what_is_superseded_only_behind_a_member_stays) {
  append({maker_.make(1), maker_.make(2), maker_.make(3), maker_.make(1)});
  EXPECT_EQ(vacuum(always, 3), 0u);
  EXPECT_EQ(vacuum(always, 4), 1u);
}

TEST_F(vacuumed_log, the_log_may_grow_between_its_steps) {
  for (int i = 0; i < 25; ++i)
    append(maker_.make_list(1000, static_cast<std::uint8_t>(i % 3)));
  int steps = 0;
  const auto done = run({always, sequence_number{25'001}}, [&] {
    ++steps;
    append(maker_.make_list(1));
  });
  EXPECT_EQ(done.removed, 24'997u);
  EXPECT_GT(steps, 10);
  EXPECT_EQ(log_->count(), static_cast<std::uint64_t>(3 + steps));
  EXPECT_LT(done.bytes_after, done.bytes_before);
}

TEST_F(vacuumed_log, what_goes_is_in_the_archive_first) {
  std::vector<entry> all;
  for (int i = 0; i < 5; ++i) {
    const auto list = maker_.make_list(1000, static_cast<std::uint8_t>(i % 3));
    append(list);
    all.insert(all.end(), list.begin(), list.end());
  }
  const auto done = run({always, sequence_number{5'001}, {}, true}, [&] {
    EXPECT_EQ(archived().size() + *log_->count(), 5'000u);
  });
  EXPECT_EQ(done.archived, done.removed);
  EXPECT_EQ(done.removed, 4'997u);
  std::vector<entry> kept;
  ASSERT_TRUE(
    entry_archive{folder_ / "archive"}.read({}, [&](const entry& one) {
      kept.push_back(one);
      return true;
    }));
  const auto left = log_->fetch_since({}, 10).value();
  kept.insert(kept.end(), left.begin(), left.end());
  std::ranges::sort(kept, {}, &entry::sequence);
  EXPECT_EQ(kept, all);
}

TEST_F(vacuumed_log, the_archive_is_read_in_order_whatever_went_when) {
  append({maker_.make(1), maker_.make(2), maker_.make(2), maker_.make(3),
          maker_.make(3)});
  run({always, sequence_number{99}, {}, true});
  append({maker_.make(1), maker_.make(3)});
  run({always, sequence_number{99}, {}, true});
  EXPECT_EQ(archived(), (numbers{1, 2, 4, 5}));
  EXPECT_EQ(archived(2), (numbers{4, 5}));
  EXPECT_EQ(archived(5), numbers{});
}

TEST_F(vacuumed_log, a_damaged_archive_is_said_to_be_so) {
  append(maker_.make_list(3));
  run({always, sequence_number{99}, {}, true});
  for (const auto& one :
       std::filesystem::directory_iterator{folder_ / "archive"})
    std::filesystem::resize_file(one.path(), 20);
  const auto read = entry_archive{folder_ / "archive"}.read(
    {}, [](const entry&) { return true; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::corrupt);
}

TEST_F(vacuumed_log, where_the_archive_cannot_be_written_nothing_goes) {
  append(maker_.make_list(3));
  std::ofstream{folder_ / "archive"} << "a file";
  sync_log_vacuum work{*log_, {always, sequence_number{99}, {}, true}};
  expected<bool> more = true;
  while (more.value_or(false))
    more = work.step();
  EXPECT_FALSE(more);
  EXPECT_EQ(left(), (numbers{1, 2, 3}));
}

TEST_F(vacuumed_log, a_deletion_goes_with_what_it_deleted) {
  append({maker_.make(1), maker_.make(2), remove(1), maker_.make(3)});
  const auto done = forget(always, 99, 3);
  EXPECT_EQ(done.removed, 2u);
  EXPECT_EQ(done.forgotten, 1u);
  EXPECT_EQ(left(), (numbers{2, 4}));
  EXPECT_EQ(log_->forgotten()->through, sequence_number{3});
  EXPECT_NE(log_->forgotten()->digest, 0u);
  EXPECT_EQ(log_->vacuumed_through(), sequence_number{3});
}

TEST_F(vacuumed_log, a_deletion_stays_that_not_all_members_have) {
  append({maker_.make(1), remove(1), maker_.make(3)});
  EXPECT_EQ(forget(always, 99, 1).removed, 1u);
  EXPECT_EQ(left(), (numbers{2, 3}));
  EXPECT_EQ(log_->forgotten(), forgotten_deletions{});
  EXPECT_EQ(forget(always, 99, 2).removed, 1u);
}

TEST_F(vacuumed_log, a_young_deletion_stays) {
  const std::vector list{maker_.make(1), remove(1), maker_.make(3)};
  append(list);
  const auto done = forget(list[1].timestamp, 99, 99);
  EXPECT_EQ(done.forgotten, 0u);
  EXPECT_EQ(done.oldest_young, list[1].timestamp);
  EXPECT_EQ(left(), (numbers{1, 2, 3}));
}

TEST_F(vacuumed_log, a_deletion_stays_with_anything_of_its_record) {
  // The other device's only operation, which stays.
  append({maker_.make(1, 2), maker_.make(1), remove(1), maker_.make(3)});
  EXPECT_EQ(forget(always, 99, 99).removed, 1u);
  EXPECT_EQ(left(), (numbers{1, 3, 4}));
  append({maker_.make(4, 2), maker_.make(5)});
  // Nothing that is left tells that it is superseded.
  EXPECT_EQ(forget(always, 99, 99).removed, 0u);
  EXPECT_EQ(left(), (numbers{1, 3, 4, 5, 6}));
}

TEST_F(vacuumed_log, a_deletion_stays_with_an_earlier_one) {
  // The other device's only operation, which stays.
  append({maker_.make(1), remove(1, 2), remove(1), maker_.make(3)});
  EXPECT_EQ(forget(always, 99, 99).removed, 1u);
  EXPECT_EQ(left(), (numbers{2, 3, 4}));
}

TEST_F(vacuumed_log, a_deletion_stays_with_what_outlived_its_successor) {
  // The second one ends a transaction of which the first is left.
  std::vector<entry> list;
  for (auto record : std::vector<std::uint8_t>{1, 2}) {
    auto part = maker_.make(record);
    part.transaction_end = sequence_number{2};
    list.push_back(maker_.sealed(part));
  }
  list.push_back(maker_.make(2));
  list.push_back(remove(2));
  list.push_back(maker_.make(3));
  append(list);
  EXPECT_EQ(forget(always, 99, 3).removed, 1u);
  EXPECT_EQ(forget(always, 99, 99).removed, 0u);
  EXPECT_EQ(left(), (numbers{1, 2, 4, 5}));
}

TEST_F(vacuumed_log, what_was_made_again_stays) {
  append({maker_.make(1), remove(1), maker_.make(1), maker_.make(3)});
  const auto done = forget(always, 99, 99);
  EXPECT_EQ(done.removed, 2u);
  // What follows on it tells that it is over.
  EXPECT_EQ(done.forgotten, 0u);
  EXPECT_EQ(left(), (numbers{3, 4}));
}

TEST_F(vacuumed_log, goes_on_only_as_what_it_began_with) {
  const auto list = append_and_forget();
  const auto source = log_->forgotten().value();

  auto other = sync_log_store::open(folder_ / "other.db");
  auto append_to = [&](std::size_t first, std::size_t last,
                       const forgotten_deletions& from) {
    return other->append(list.back().ballot, other->head()->position,
                         std::span{list}.subspan(first, last - first), {},
                         from);
  };
  // What was deleted came from a log that had not forgotten that.
  ASSERT_TRUE(append_to(0, 2, {}));
  const auto refused = append_to(3, 4, source);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::vacuumed);
  EXPECT_EQ(other->head()->position, list[1].position());
  ASSERT_TRUE(append_to(2, 3, {}));
  ASSERT_TRUE(append_to(3, 4, source));
  EXPECT_EQ(other->forgotten(), forgotten_deletions{});

  ASSERT_TRUE(other->truncate_after({}));
  ASSERT_TRUE(append_to(1, 2, source));
  EXPECT_EQ(other->forgotten(), source);
  ASSERT_TRUE(append_to(3, 4, source));
  EXPECT_EQ(other->forgotten(), source);
  ASSERT_TRUE(other->truncate_after({}));
  EXPECT_EQ(other->forgotten(), forgotten_deletions{});
}

TEST_F(vacuumed_log, what_goes_on_by_itself_has_forgotten_no_more) {
  const auto list = append_and_forget();
  const auto source = log_->forgotten().value();
  auto other = sync_log_store::open(folder_ / "other.db");
  ASSERT_TRUE(other->append(list.back().ballot, {},
                            std::span{list}.subspan(0, 2), {}, source));
  entry_maker maker;
  maker.make(1);
  maker.make(2);
  ASSERT_TRUE(other->append(list.back().ballot, list[1].position(),
                            std::vector{maker.make(5)}));
  EXPECT_EQ(other->forgotten()->through, sequence_number{2});
  EXPECT_NE(other->forgotten()->digest, source.digest);
}

TEST_F(vacuumed_log, leaves_what_the_rules_leave) {
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
      if (random() % 3 == 0)
        part.change = change_type::remove;
      part.timestamp.packed = random() % 1000;
      part.transaction_end = random() % 2 == 0 ? part.sequence : end;
      list.push_back(maker_.sealed(part));
    }
    append(list);
    model.insert(model.end(), list.begin(), list.end());
    timestamp before{random() % 1200};
    sequence_number through{random() % (end.value + 3)};
    sequence_number forget_through{random() % (through.value + 1)};
    run({before, through, forget_through});
    model = vacuumed(model, before, through, forget_through);
    ASSERT_EQ(log_->fetch_since({}, 1000), model);
    ASSERT_EQ(log_->count(), model.size());
  }
}

} // namespace lockstep
