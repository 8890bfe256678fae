#include "protocol/chain.hpp"
#include "protocol/log_draft.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace lockstep {

namespace {

entry example(std::uint8_t record) {
  entry what;
  what.record.bytes[0] = record;
  return what;
}

ballot under() {
  ballot made;
  made.term = term_number{3};
  return made;
}

log_head start() {
  log_head head;
  head.position.sequence = sequence_number{10};
  head.position.ballot.term = term_number{2};
  head.chain = 99;
  return head;
}

} // namespace

TEST(log_draft, an_empty_draft_holds_nothing) {
  log_draft draft{under(), start()};
  draft.close_transaction();
  EXPECT_TRUE(draft.empty());
  EXPECT_EQ(draft.start(), start());
  EXPECT_TRUE(draft.next_piece().empty());
}

TEST(log_draft, entries_follow_on_the_head_under_the_draft_s_ballot) {
  log_draft draft{under(), start()};
  EXPECT_EQ(draft.add(example(1)), sequence_number{11});
  EXPECT_EQ(draft.add(example(2)), sequence_number{12});
  draft.close_transaction();
  EXPECT_EQ(draft.follows(), start().position);
  EXPECT_EQ(draft.last(), sequence_number{12});
  EXPECT_EQ(draft.next_piece()[1].ballot, under());
}

/// Entries in memory; pieces of two.
class small_overflow : public entry_overflow {
public:
  void put(const std::vector<entry>& list) override {
    all_.insert(all_.end(), list.begin(), list.end());
  }
  std::vector<entry> read(sequence_number first, std::size_t most) override {
    std::vector<entry> list;
    for (const auto& what : all_)
      if (!(what.sequence < first)
          && list.size() < std::min<std::size_t>(most, 2))
        list.push_back(what);
    return list;
  }
  void close(sequence_number first, sequence_number end) override {
    for (auto& what : all_)
      if (!(what.sequence < first))
        what.transaction_end = end;
  }
  void cut(sequence_number first) override {
    std::erase_if(all_,
                  [&](const auto& what) { return !(what.sequence < first); });
  }

private:
  std::vector<entry> all_;
};

/// The same work, whatever the memory holds.
struct draft_in_memory : testing::TestWithParam<bool> {
  log_draft draft = GetParam() ? log_draft{under(), start(), 300,
                                           std::make_unique<small_overflow>()}
                               : log_draft{under(), start()};

  std::vector<entry> all() {
    std::vector<entry> list;
    for (auto piece = draft.next_piece(); !piece.empty();
         piece = draft.next_piece())
      list.insert(list.end(), piece.begin(), piece.end());
    return list;
  }
};

TEST_P(draft_in_memory, each_transaction_closes_at_its_last_entry) {
  for (std::uint8_t i = 1; i < 6; ++i)
    draft.add(example(i));
  draft.close_transaction();
  draft.add(example(6));
  draft.close_transaction();
  draft.close_transaction();
  EXPECT_EQ(draft.is_one_piece(), !GetParam());
  std::vector<std::uint64_t> ends;
  for (const auto& what : all())
    ends.push_back(what.transaction_end.value);
  EXPECT_EQ(ends, (std::vector<std::uint64_t>{15, 15, 15, 15, 15, 16}));
}

TEST_P(draft_in_memory, the_chain_continues_the_log_s_chain) {
  for (std::uint8_t i = 1; i < 8; ++i) {
    draft.add(example(i));
    if (i % 3 == 0)
      draft.close_transaction();
  }
  draft.close_transaction();
  auto chain = start().chain;
  const auto list = all();
  ASSERT_EQ(list.size(), 7U);
  for (const auto& what : list) {
    EXPECT_EQ(what.chain, chain_of(chain, what));
    chain = what.chain;
  }
}

TEST_P(draft_in_memory, an_abandoned_transaction_leaves_no_trace) {
  draft.add(example(1));
  draft.close_transaction();
  for (std::uint8_t i = 2; i < 8; ++i)
    draft.add(example(i));
  draft.abandon_transaction();
  EXPECT_EQ(draft.add(example(9)), sequence_number{12});
  draft.close_transaction();
  const auto list = all();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1].record, example(9).record);
  EXPECT_EQ(list[1].chain, chain_of(list[0].chain, list[1]));
}

TEST_P(draft_in_memory, finds_its_own_entries_only) {
  for (std::uint8_t i = 1; i < 6; ++i)
    draft.add(example(i));
  EXPECT_FALSE(draft.find(sequence_number{10}));
  for (std::uint8_t i = 1; i < 6; ++i)
    EXPECT_EQ(draft.find(sequence_number{10U + i})->record, example(i).record);
  EXPECT_FALSE(draft.find(sequence_number{16}));
}

INSTANTIATE_TEST_SUITE_P(memory, draft_in_memory, testing::Bool());

} // namespace lockstep
