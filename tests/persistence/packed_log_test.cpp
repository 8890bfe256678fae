#include "tests/persistence/packed_log.hpp"

#include "persistence/sync_log_vacuum.hpp"

#include <algorithm>
namespace lockstep {
namespace {

TEST_F(packed_log, packs_once_it_holds_enough) {
  append(samples - 1);
  append(1);
  EXPECT_EQ(packed(), 0);
  EXPECT_EQ(dictionaries(), 0);
  append(1);
  append(30);
  EXPECT_EQ(packed(), 31);
  EXPECT_EQ(dictionaries(), 1);
  expect_whole();
}

TEST_F(packed_log, packs_within_one_append) {
  append(samples + 70);
  EXPECT_EQ(packed(), 70);
  expect_whole();
}

TEST_F(packed_log, does_not_pack_unless_it_is_told_to) {
  open({});
  append(600);
  EXPECT_EQ(packed(), 0);
  EXPECT_EQ(dictionaries(), 0);
  expect_whole();
}

TEST_F(packed_log, holds_both_kinds_of_entries) {
  append(100);
  open(packs(false));
  expect_whole();
  append(100);
  EXPECT_EQ(packed(), 50);
  open();
  append(100);
  EXPECT_EQ(packed(), 150);
  EXPECT_EQ(dictionaries(), 1);
  expect_whole();
  EXPECT_EQ(log_->at(sequence_number{70}), entries_[69]);
  EXPECT_EQ(
    log_->fetch_range(sequence_number{40}, sequence_number{130}, 1'000),
    (std::vector<entry>{entries_.begin() + 39, entries_.begin() + 130}));
  EXPECT_EQ(log_->head(), maker_.head());
}

TEST_F(packed_log, leaves_short_images) {
  append(100);
  const auto before = packed();
  append(maker_.make_list(20));
  EXPECT_EQ(packed(), before);
  expect_whole();
}

TEST_F(packed_log, gives_histories) {
  append(300);
  const auto history
    = log_->record_history(entries_.back().model, entries_.back().record);
  ASSERT_TRUE(history);
  std::vector<entry> expected_ones;
  for (const auto& one : entries_)
    if (one.record == entries_.back().record)
      expected_ones.push_back(one);
  EXPECT_EQ(*history, expected_ones);
}

TEST_F(packed_log, shows_people_no_packed_image) {
  append(100);
  EXPECT_EQ(number_in("SELECT count(*) FROM sync_log_readable"), 100);
  EXPECT_EQ(number_in("SELECT count(data) FROM sync_log_readable"), 50);
  EXPECT_EQ(number_in("SELECT min(sequence) FROM sync_log_readable WHERE data"
                      " ISNULL"),
            51);
}

TEST_F(packed_log, is_cut_and_goes_on) {
  append(300);
  ASSERT_TRUE(log_->truncate_after(sequence_number{20}));
  EXPECT_EQ(packed(), 0);
  ASSERT_TRUE(log_->append(entries_.back().ballot, entries_[19].position(),
                           {entries_.begin() + 20, entries_.end()}));
  // The dictionary is still there.
  EXPECT_EQ(packed(), 280);
  EXPECT_EQ(dictionaries(), 1);
  expect_whole();
}

TEST_F(packed_log, is_vacuumed_and_archived) {
  append(600);
  sync_log_vacuum work{
    *log_, {timestamp{~std::uint64_t{0}}, sequence_number{600}, {}, true}};
  for (auto more = work.step();; more = work.step()) {
    ASSERT_TRUE(more) << more.error().message;
    if (!*more)
      break;
  }
  auto all = log_->fetch_since({}, 1'000).value();
  EXPECT_LT(all.size(), 300U);
  ASSERT_TRUE(
    entry_archive{folder_ / "archive"}.read({}, [&](const entry& one) {
      all.push_back(one);
      return true;
    }));
  std::ranges::sort(all, {}, &entry::sequence);
  EXPECT_EQ(all, entries_);
}

TEST_F(packed_log, forgets_a_dictionary_whose_append_failed) {
  append(samples - 10);
  class pieces : public entry_source {
  public:
    explicit pieces(std::vector<std::vector<entry>> list)
      : list_(std::move(list)) {
    }
    std::vector<entry> next_piece() override {
      return at_ < list_.size() ? list_[at_++] : std::vector<entry>{};
    }

  private:
    std::vector<std::vector<entry>> list_;
    std::size_t at_ = 0;
  };
  const auto maker = maker_;
  std::vector<entry> good;
  while (good.size() < 40)
    good.push_back(next(0));
  auto bad = next(0);
  ++bad.version;
  pieces source{{good, {bad}}};
  EXPECT_FALSE(
    log_->append(good.back().ballot, log_->head()->position, source));
  EXPECT_EQ(dictionaries(), 0);
  maker_ = maker;
  expect_whole();
  // Of other images now, under the same number.
  append(60, 3);
  EXPECT_EQ(dictionaries(), 1);
  EXPECT_EQ(packed(), 50);
  expect_whole();
}

TEST_F(packed_log, makes_a_new_dictionary_where_the_old_one_fits_no_more) {
  append(16'100, 0);
  EXPECT_EQ(dictionaries(), 1);
  EXPECT_EQ(number_in("SELECT fits_at FROM dictionaries"), 16'050);
  append(16'100, 2);
  EXPECT_EQ(dictionaries(), 2);
  append(16'100, 2);
  EXPECT_EQ(dictionaries(), 2);
  EXPECT_EQ(number_in("SELECT max(fits_at) FROM dictionaries"), 48'050);
  expect_whole();
  EXPECT_EQ(number_in("SELECT count(DISTINCT substr(data, 1, 1)) FROM sync_log"
                      " WHERE typeof(data) = 'blob'"),
            2);
}

TEST_F(packed_log, begins_anew_with_the_dictionary_that_it_has) {
  append(100);
  ASSERT_TRUE(log_->truncate_after({}));
  entries_.clear();
  maker_ = {};
  open();
  append(10);
  EXPECT_EQ(packed(), 10);
  expect_whole();
}

} // namespace
} // namespace lockstep
