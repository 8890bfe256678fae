#include "protocol/receipt_book.hpp"

#include <gtest/gtest.h>

namespace lockstep {

namespace {

device_sequence_number number(std::uint64_t value) {
  return device_sequence_number{value};
}

sequence_number at(std::uint64_t value) {
  return sequence_number{value};
}

struct receipt_books : testing::Test {
  receipt_books() {
    own.bytes[0] = 1;
    book = receipt_book{own};
  }

  /// Who is answered now, and in which state.
  std::vector<std::pair<receipt_book::ticket, receipt_state>> answers() {
    std::vector<std::pair<receipt_book::ticket, receipt_state>> list;
    for (const auto& [to, what] : book.take_answers())
      list.emplace_back(to, what.state);
    return list;
  }

  using answered = std::vector<std::pair<receipt_book::ticket, receipt_state>>;

  device_id own;
  receipt_book book{device_id{}};
};

} // namespace

TEST_F(receipt_books, local_is_answered_at_once_and_once) {
  book.open(number(1), number(2), receipt_state::local, 7);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::local}}));
  EXPECT_EQ(answers(), answered{});
}

TEST_F(receipt_books, sequenced_when_the_last_operation_has_its_place) {
  book.open(number(1), number(2), receipt_state::sequenced, 7);
  book.settle(number(1), at(10), false);
  EXPECT_EQ(answers(), answered{});
  book.settle(number(2), at(11), false);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::sequenced}}));
  const auto what = book.find(number(2));
  ASSERT_TRUE(what);
  EXPECT_EQ(what->device, own);
  EXPECT_EQ(what->first, number(1));
  EXPECT_EQ(what->sequence, at(11));
}

TEST_F(receipt_books, what_has_other_numbers_by_now_is_answered_under_them) {
  book.open(number(1), number(1), receipt_state::sequenced, 6);
  book.settle(number(1), at(9), false);
  book.open(number(2), number(3), receipt_state::sequenced, 7);
  book.open(number(4), number(4), receipt_state::sequenced, 8);
  EXPECT_EQ(answers(), (answered{{6, receipt_state::sequenced}}));
  book.renumber(number(2), 3);
  for (const auto old : {2, 3, 4})
    book.settle(number(static_cast<std::uint64_t>(old)), at(10), false);
  EXPECT_EQ(answers(), answered{});
  book.settle(number(5), at(20), false);
  book.settle(number(6), at(21), false);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::sequenced}}));
  const auto what = book.find(number(6));
  ASSERT_TRUE(what);
  EXPECT_EQ(what->first, number(5));
  EXPECT_EQ(what->sequence, at(21));
  EXPECT_FALSE(book.find(number(3)));
  EXPECT_EQ(book.find(number(1))->sequence, at(9));
  book.settle(number(7), at(22), false);
  EXPECT_EQ(answers(), (answered{{8, receipt_state::sequenced}}));
}

TEST_F(receipt_books, what_a_cut_log_held_is_not_stable) {
  book.open(number(1), number(2), receipt_state::stable, 7);
  book.open(number(3), number(3), receipt_state::stable, 8);
  for (std::uint64_t i = 1; i <= 3; ++i)
    book.settle(number(i), at(9 + i), i == 2);
  EXPECT_EQ(book.cut_after(at(11)), std::vector{number(3)});
  EXPECT_EQ(book.find(number(3))->state, receipt_state::local);
  book.set_stable(at(12), 3);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::stable}}));
  book.cut_after(at(9));
  EXPECT_EQ(book.find(number(2))->state, receipt_state::stable)
    << "every member holds it";
  book.settle(number(3), at(30), false);
  EXPECT_EQ(book.find(number(3))->state, receipt_state::sequenced);
  book.set_stable(at(30), 3);
  EXPECT_EQ(answers(), (answered{{8, receipt_state::stable}}));
}

TEST_F(receipt_books, stable_when_every_member_holds_the_last_entry) {
  book.open(number(1), number(2), receipt_state::stable, 7);
  book.settle(number(1), at(10), false);
  book.settle(number(2), at(11), false);
  book.set_stable(at(10), 3);
  EXPECT_EQ(answers(), answered{});
  book.set_stable(at(11), 3);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::stable}}));
  EXPECT_EQ(book.find(number(2))->holders, 3U);
}

TEST_F(receipt_books, stable_at_once_when_the_log_was_stable_already) {
  book.set_stable(at(20), 2);
  book.open(number(1), number(1), receipt_state::stable, 7);
  book.settle(number(1), at(15), false);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::stable}}));
}

TEST_F(receipt_books, several_callers_wait_for_different_states) {
  book.open(number(1), number(1), receipt_state::stable, 1);
  book.open(number(1), number(1), receipt_state::sequenced, 2);
  book.open(number(2), number(2), receipt_state::sequenced, 3);
  book.settle(number(1), at(4), false);
  EXPECT_EQ(answers(), (answered{{2, receipt_state::sequenced}}));
  book.settle(number(2), at(5), false);
  EXPECT_EQ(answers(), (answered{{3, receipt_state::sequenced}}));
  book.set_stable(at(5), 2);
  EXPECT_EQ(answers(), (answered{{1, receipt_state::stable}}));
}

TEST_F(receipt_books, lost_operations_are_counted) {
  book.open(number(1), number(3), receipt_state::sequenced, 7);
  book.settle(number(1), at(1), true);
  book.settle(number(2), at(2), false);
  book.settle(number(3), at(3), true);
  EXPECT_EQ(book.find(number(3))->conflicts, 2U);
}

TEST_F(receipt_books, an_operation_settled_twice_counts_once) {
  book.open(number(1), number(2), receipt_state::sequenced, 7);
  book.settle(number(1), at(1), false);
  book.settle(number(1), at(2), false);
  EXPECT_EQ(answers(), answered{});
  EXPECT_EQ(book.find(number(2))->state, receipt_state::local);
}

TEST_F(receipt_books, an_operation_of_a_cut_log_gets_its_new_place) {
  book.open(number(1), number(1), receipt_state::stable, 7);
  book.settle(number(1), at(9), false);
  book.settle(number(1), at(4), false);
  EXPECT_EQ(book.find(number(1))->sequence, at(4));
  book.set_stable(at(4), 2);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::stable}}));
}

TEST_F(receipt_books, numbers_of_no_commit_are_ignored) {
  book.settle(number(1), at(1), false);
  book.open(number(5), number(6), receipt_state::sequenced, 7);
  book.settle(number(4), at(2), false);
  book.settle(number(7), at(3), false);
  EXPECT_EQ(book.find(number(6))->state, receipt_state::local);
  EXPECT_FALSE(book.find(number(5)));
}

TEST_F(receipt_books, only_the_oldest_stable_commits_are_forgotten) {
  book = receipt_book{own, 2};
  for (std::uint64_t i = 1; i <= 4; ++i)
    book.open(number(i), number(i), receipt_state::stable, i);
  EXPECT_TRUE(book.find(number(1))) << "it is still on its way";
  for (std::uint64_t i = 1; i <= 3; ++i)
    book.settle(number(i), at(i), false);
  book.set_stable(at(3), 2);
  EXPECT_EQ(answers().size(), 3U);
  book.open(number(5), number(5), receipt_state::stable, 5);
  EXPECT_FALSE(book.find(number(1)));
  EXPECT_FALSE(book.find(number(3)));
  EXPECT_TRUE(book.find(number(4)));
  EXPECT_TRUE(book.find(number(5)));
}

/// Where receipts wait for a majority.
struct majority_receipts : receipt_books {
  majority_receipts() {
    book = receipt_book{own, 10'000, consistency::quorum};
  }
};

TEST_F(majority_receipts, a_place_alone_is_local) {
  book.open(number(1), number(2), receipt_state::sequenced, 7);
  book.settle(number(1), at(10), false);
  book.settle(number(2), at(11), false);
  EXPECT_EQ(answers(), answered{});
  EXPECT_EQ(book.find(number(2))->state, receipt_state::local);
  EXPECT_EQ(book.find(number(2))->sequence, sequence_number{});
  book.set_held(at(10), 2);
  EXPECT_EQ(answers(), answered{});
  book.set_held(at(11), 2);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::sequenced}}));
  EXPECT_EQ(book.find(number(2))->sequence, at(11));
  EXPECT_EQ(book.find(number(2))->holders, 2U);
}

TEST_F(majority_receipts, half_a_transaction_may_be_cut_off) {
  book.open(number(1), number(1), receipt_state::sequenced, 7);
  book.settle(number(1), at(10), false, at(14));
  book.set_held(at(13), 2);
  EXPECT_EQ(answers(), answered{});
  book.set_held(at(14), 2);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::sequenced}}));
}

TEST_F(majority_receipts, what_is_held_already_is_sequenced_at_once) {
  book.set_held(at(20), 3);
  book.open(number(1), number(1), receipt_state::sequenced, 7);
  book.settle(number(1), at(19), false);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::sequenced}}));
  EXPECT_EQ(book.find(number(1))->holders, 3U);
}

TEST_F(majority_receipts, what_was_cut_waits_for_its_new_place) {
  book.open(number(1), number(1), receipt_state::sequenced, 7);
  book.settle(number(1), at(10), false);
  book.cut_after(at(9));
  book.set_held(at(12), 2);
  EXPECT_EQ(answers(), answered{});
  book.settle(number(1), at(13), false);
  EXPECT_EQ(answers(), answered{});
  book.set_held(at(13), 2);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::sequenced}}));
}

TEST_F(majority_receipts, what_every_member_holds_a_majority_does) {
  book.open(number(1), number(1), receipt_state::sequenced, 7);
  book.settle(number(1), at(10), false);
  book.set_stable(at(10), 3);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::stable}}));
}

TEST_F(majority_receipts, what_is_not_held_yet_is_not_forgotten) {
  book = receipt_book{own, 1, consistency::quorum};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    book.open(number(i), number(i), receipt_state::local, i);
    book.settle(number(i), at(i), false);
  }
  EXPECT_TRUE(book.find(number(1)));
  book.set_held(at(3), 2);
  book.open(number(4), number(4), receipt_state::local, 4);
  EXPECT_FALSE(book.find(number(1)));
}

TEST_F(receipt_books, a_stable_mark_never_goes_back) {
  book.set_stable(at(9), 2);
  book.set_stable(at(0), 3);
  book.open(number(1), number(1), receipt_state::stable, 7);
  book.settle(number(1), at(9), false);
  EXPECT_EQ(answers(), (answered{{7, receipt_state::stable}}));
}

} // namespace lockstep
