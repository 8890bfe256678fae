#include "protocol/chain.hpp"
#include "protocol/log_draft.hpp"

#include <gtest/gtest.h>

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

TEST(log_draft, an_empty_draft_ends_where_the_log_ends) {
  log_draft draft{under(), start()};
  draft.close_transaction();
  EXPECT_TRUE(draft.empty());
  EXPECT_EQ(draft.head(), start());
}

TEST(log_draft, entries_follow_on_the_head_under_the_draft_s_ballot) {
  log_draft draft{under(), start()};
  EXPECT_EQ(draft.add(example(1)), sequence_number{11});
  EXPECT_EQ(draft.add(example(2)), sequence_number{12});
  draft.close_transaction();
  EXPECT_EQ(draft.follows(), start().position);
  EXPECT_EQ(draft.entries()[1].ballot, under());
  EXPECT_EQ(draft.head().position.sequence, sequence_number{12});
}

TEST(log_draft, each_transaction_closes_at_its_last_entry) {
  log_draft draft{under(), start()};
  draft.add(example(1));
  draft.add(example(2));
  draft.close_transaction();
  draft.add(example(3));
  draft.close_transaction();
  draft.close_transaction();
  std::vector<std::uint64_t> ends;
  for (const auto& what : draft.entries())
    ends.push_back(what.transaction_end.value);
  EXPECT_EQ(ends, (std::vector<std::uint64_t>{12, 12, 13}));
}

TEST(log_draft, the_chain_continues_the_log_s_chain) {
  log_draft draft{under(), start()};
  draft.add(example(1));
  draft.close_transaction();
  draft.add(example(2));
  draft.add(example(3));
  draft.close_transaction();
  auto chain = start().chain;
  for (const auto& what : draft.entries()) {
    EXPECT_EQ(what.chain, chain_of(chain, what));
    chain = what.chain;
  }
  EXPECT_EQ(draft.head().chain, chain);
}

TEST(log_draft, an_abandoned_transaction_leaves_no_trace) {
  log_draft draft{under(), start()};
  draft.add(example(1));
  draft.close_transaction();
  const auto before = draft.head();
  draft.add(example(2));
  draft.add(example(3));
  draft.abandon_transaction();
  EXPECT_EQ(draft.head(), before);
  EXPECT_EQ(draft.add(example(4)), sequence_number{12});
  draft.close_transaction();
  EXPECT_EQ(draft.entries()[1].chain,
            chain_of(before.chain, draft.entries()[1]));
}

TEST(log_draft, finds_its_own_entries_only) {
  log_draft draft{under(), start()};
  draft.add(example(1));
  draft.add(example(2));
  EXPECT_EQ(draft.find(sequence_number{10}), nullptr);
  ASSERT_NE(draft.find(sequence_number{11}), nullptr);
  EXPECT_EQ(draft.find(sequence_number{12})->record, example(2).record);
  EXPECT_EQ(draft.find(sequence_number{13}), nullptr);
}

} // namespace lockstep
