#include "persistence/sync_log_store.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <SQLiteCpp/SQLiteCpp.h>

namespace lockstep {

namespace {

class sync_log_reading : public testing::Test {
protected:
  void append(const std::vector<entry>& list) {
    auto head = log_->append(list.back().ballot, log_->head()->position, list);
    ASSERT_TRUE(head) << head.error().message;
  }

  sync_log_reader reader() const {
    auto opened = sync_log_reader::open(file_);
    if (!opened)
      throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }

  void damage(const char* sql) {
    SQLite::Database other{file_.string(), SQLite::OPEN_READWRITE};
    other.exec(sql);
  }

  temporary_directory folder_;
  std::filesystem::path file_ = folder_ / "sync.db";
  expected<sync_log_store> log_ = sync_log_store::open(file_);
  entry_maker maker_;
};

log_position position(std::uint64_t term, std::uint64_t sequence) {
  return {test_ballot(term), sequence_number{sequence}};
}

std::vector<std::uint64_t> sequences(const expected<std::vector<entry>>& list) {
  std::vector<std::uint64_t> all;
  for (const auto& one : *list)
    all.push_back(one.sequence.value);
  return all;
}

using numbers = std::vector<std::uint64_t>;

} // namespace

TEST_F(sync_log_reading, reader_beside_the_writer_sees_each_commit) {
  auto log = reader();
  EXPECT_EQ(log.head(), log_head{});
  append({maker_.make(1, 1)});
  EXPECT_EQ(log.head(), maker_.head());
  maker_.under = test_ballot(2, 4);
  auto next = maker_.make(7, 9);
  next.model = "picture";
  next = maker_.sealed(next);
  append({next});
  EXPECT_EQ(*log.at(next.sequence), next);
  EXPECT_EQ(log.count(), 2u);
}

TEST_F(sync_log_reading, fetch_gives_what_follows_up_to_the_limit) {
  append(maker_.make_list(10));
  EXPECT_EQ(sequences(log_->fetch_since(sequence_number{3}, 4)),
            (numbers{4, 5, 6, 7}));
  EXPECT_EQ(sequences(log_->fetch_since(sequence_number{8}, 100)),
            (numbers{9, 10}));
  EXPECT_EQ(sequences(log_->fetch_since(sequence_number{10}, 100)), numbers{});
  EXPECT_EQ(sequences(log_->fetch_since(sequence_number{~0UL}, 1)), numbers{});
}

TEST_F(sync_log_reading, fetch_stops_at_the_byte_limit_but_not_before_one) {
  std::vector<entry> list;
  for (int i = 0; i < 4; ++i) {
    auto big = maker_.make();
    big.data = std::string(100, 'x');
    list.push_back(maker_.sealed(big));
  }
  append(list);
  EXPECT_EQ(sequences(log_->fetch_since({}, 100, 1)), (numbers{1}));
  EXPECT_EQ(sequences(log_->fetch_since({}, 100, 200)), (numbers{1, 2}));
  EXPECT_EQ(sequences(log_->fetch_since({}, 100, 399)), (numbers{1, 2, 3}));
}

TEST_F(sync_log_reading, range_has_both_its_ends) {
  append(maker_.make_list(10));
  auto range
    = [this](std::uint64_t first, std::uint64_t last, std::uint32_t limit) {
        return sequences(log_->fetch_range(sequence_number{first},
                                           sequence_number{last}, limit));
      };
  EXPECT_EQ(range(3, 5, 100), (numbers{3, 4, 5}));
  EXPECT_EQ(range(3, 5, 2), (numbers{3, 4}));
  EXPECT_EQ(range(9, 99, 100), (numbers{9, 10}));
  EXPECT_EQ(range(5, 3, 100), numbers{});
}

TEST_F(sync_log_reading, head_at_an_entry_has_its_chain_value) {
  auto list = maker_.make_list(3);
  append(list);
  EXPECT_EQ(*log_->head_at(sequence_number{2}),
            (log_head{list[1].position(), list[1].chain}));
  EXPECT_EQ(*log_->head_at(sequence_number{4}), std::optional<log_head>{});
  EXPECT_EQ(*log_->head_at(sequence_number{~0UL}), std::optional<log_head>{});
}

TEST_F(sync_log_reading, match_is_the_last_entry_under_an_older_ballot) {
  std::vector<entry> list;
  for (const auto term : {1U, 1U, 1U, 3U, 3U, 6U}) {
    maker_.under = test_ballot(term);
    list.push_back(maker_.make());
  }
  list.erase(list.begin() + 1); // as vacuum does
  append(list);
  struct {
    log_position asked, answer;
  } rows[] = {
    {position(9, 99), position(6, 6)},
    {position(6, 5), position(3, 5)},
    {position(5, 99), position(3, 5)},
    {position(3, 4), position(3, 4)},
    {position(2, 99), position(1, 3)},
    {position(2, 2), position(1, 1)},
    {position(0, 99), {}},
    {position(9, 0), {}},
    {position(6, ~0UL), position(6, 6)},
  };
  for (const auto& row : rows)
    EXPECT_EQ(log_->last_at_or_before(row.asked), row.answer)
      << row.asked.ballot.term.value << ' ' << row.asked.sequence.value;
}

TEST_F(sync_log_reading, history_walks_back_through_the_record) {
  append({maker_.make(1), maker_.make(2), maker_.make(1), maker_.make(2),
          maker_.make(1)});
  EXPECT_EQ(sequences(log_->record_history(sequence_number{5})),
            (numbers{1, 3, 5}));
  EXPECT_EQ(sequences(log_->record_history("note", test_record(2))),
            (numbers{2, 4}));
  EXPECT_EQ(sequences(log_->record_history("note", test_record(3))), numbers{});
  EXPECT_EQ(sequences(log_->record_history("none", test_record(1))), numbers{});
  EXPECT_EQ(sequences(log_->record_history(sequence_number{99})), numbers{});
}

TEST_F(sync_log_reading, damaged_rows_are_corrupt) {
  append({maker_.make(1), maker_.make(1)});
  damage("UPDATE sync_log SET record_id = x'00' WHERE sequence = 1");
  damage("UPDATE sync_log SET previous = 2 WHERE sequence = 2");
  auto list = log_->fetch_since({}, 10);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, errc::corrupt);
  auto history = log_->record_history(sequence_number{2});
  ASSERT_FALSE(history);
  EXPECT_EQ(history.error().code, errc::corrupt);
  damage("PRAGMA foreign_keys=OFF; UPDATE sync_log SET model = 77");
  auto one = log_->at(sequence_number{2});
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, errc::corrupt);
}

TEST_F(sync_log_reading, damaged_page_is_corrupt) {
  append(maker_.make_list(500));
  log_ = fail(errc::closed, "");
  damage("PRAGMA writable_schema=ON;"
         "UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'sync_log'");
  auto log = reader();
  auto list = log.fetch_since({}, 10);
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, errc::corrupt);
}

} // namespace lockstep
