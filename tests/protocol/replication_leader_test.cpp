#include "tests/protocol/replication_notebook.hpp"

#include <gtest/gtest.h>

// Scripts of one device, 1, that leads devices 2 and 3.
namespace lockstep::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto two = notebook::other;
constexpr auto three = notebook::third;

log_position at(std::uint64_t term, std::uint64_t sequence) {
  return notebook::at(term, sequence);
}

auto sequenced(std::uint8_t peer, std::uint64_t through) {
  return [=](replication_machine& m, time_point now) {
    return m.on_sequenced(notebook::device(peer),
                          operations_sequenced{device_sequence_number{through}},
                          now);
  };
}

/// Leads with a log up to 1.5; devices 2 and 3 have everything.
struct leading : ::testing::Test {
  leading() {
    book.lead(3);
    for (auto peer : {two, three}) {
      book.up(peer);
      have(peer, at(1, 5));
    }
  }
  std::string have(std::uint8_t peer, log_position through) {
    return book.hear(peer, acknowledge{mine, through});
  }
  std::string append(std::uint64_t from, std::uint64_t to) {
    auto list = std::make_shared<const std::vector<entry>>(
      notebook::entries_of(3, from, to));
    auto before = from == 6 ? at(1, 5) : at(3, from - 1);
    log_advanced grown{before, notebook::head_at(3, to), list};
    return book.input(
      [&](auto& m, auto now) { return m.on_log_advanced(grown, now); });
  }
  /// The log says at `at` that device 3 is no member any more.
  std::string remove_three(sequence_number at = {}) {
    const std::vector<member> members{{notebook::device(1), "", false},
                                      {notebook::device(2), "", false},
                                      {notebook::device(3), "", true}};
    return book.input(
      [&](auto& m, auto now) { return m.on_members(members, now, at); });
  }
  ballot mine = notebook::ballot(3, notebook::self);
  notebook book{at(1, 5)};
};

TEST_F(leading, idle_followers_hear_of_a_group_at_once_with_the_entries) {
  EXPECT_EQ(append(6, 7), "2< log ends at 3.7, with 3.6 to 3.7; "
                          "3< log ends at 3.7, with 3.6 to 3.7");
}

TEST_F(leading, large_group_is_only_announced) {
  EXPECT_EQ(append(6, 6 + 32), "2< log ends at 3.38; 3< log ends at 3.38");
}

TEST_F(leading, busy_follower_is_told_once_when_it_is_ready) {
  append(6, 6);
  have(three, at(3, 6));
  EXPECT_EQ(append(7, 7), "3< log ends at 3.7, with 3.7 to 3.7");
  EXPECT_EQ(append(8, 8), "");
  EXPECT_EQ(have(two, at(3, 6)), "2< log ends at 3.8; stable 6");
}

TEST_F(leading, silent_follower_is_reminded) {
  append(6, 6);
  have(three, at(3, 6));
  EXPECT_EQ(book.pass_until_due(), "2< log ends at 3.6");
  EXPECT_EQ(book.pass_until_due(), "2< log ends at 3.6");
  have(two, at(3, 6));
  EXPECT_EQ(book.pass_until_due(), "nothing is due");
}

TEST_F(leading, stable_is_what_every_member_has_and_idle_ones_hear_of_it) {
  append(6, 6);
  EXPECT_EQ(have(two, at(3, 6)), "");
  EXPECT_EQ(have(three, at(3, 6)),
            "stable 6; 2< log ends at 3.6; 3< log ends at 3.6");
}

TEST_F(leading, member_that_is_away_holds_stability_and_a_removed_one_not) {
  book.down(three);
  append(6, 6);
  EXPECT_EQ(have(two, at(3, 6)), "");
  EXPECT_EQ(remove_three(), "stable 6; 2< log ends at 3.6");
  EXPECT_EQ(book.up(three), "") << "no member any more";
  EXPECT_EQ(book.hear(three, fetch_entries{mine, at(1, 5), 10}), "");
}

TEST_F(leading, a_removed_member_counts_until_all_others_know) {
  book.down(three);
  append(6, 6);
  append(7, 7);
  remove_three(sequence_number{7});
  EXPECT_EQ(have(two, at(3, 6)).find("stable"), std::string::npos)
    << "device 2 may still follow device 3, which does not hold 6";
  EXPECT_NE(have(two, at(3, 7)).find("stable 7"), std::string::npos);
}

TEST_F(leading, acknowledgements_of_another_ballot_do_not_count) {
  append(6, 6);
  have(three, at(3, 6));
  EXPECT_EQ(book.hear(two, acknowledge{notebook::ballot(2, two), at(3, 6)}),
            "");
  EXPECT_EQ(have(two, at(3, 9)), "") << "beyond the log";
  EXPECT_EQ(book.machine.stable(), sequence_number{5});
}

TEST_F(leading, proposals_of_a_peer_wait_in_a_bounded_queue) {
  auto wish = [&](std::uint64_t n) {
    return book.hear(two, propose{mine, notebook::operations(two, n, n), {}});
  };
  EXPECT_EQ(wish(1), "sequence 1 to 1");
  EXPECT_EQ(wish(2), "");
  EXPECT_EQ(wish(3), "2< refused");
  EXPECT_EQ(book.input(sequenced(two, 1)),
            "2< sequenced through 1; sequence 2 to 2");
  EXPECT_EQ(book.input(sequenced(two, 2)), "2< sequenced through 2");
}

TEST_F(leading, operations_that_a_member_took_back_for_another_are_sequenced) {
  EXPECT_EQ(
    book.hear(two, propose{mine, notebook::operations(three, 1, 1), {}}),
    "sequence 1 to 1");
}

TEST_F(leading, proposals_under_another_ballot_are_refused) {
  EXPECT_EQ(book.hear(two, propose{notebook::ballot(4, two),
                                   notebook::operations(two, 1, 1),
                                   {}}),
            "2< refused");
}

TEST_F(leading, serves_where_the_logs_match_and_says_where_to_try_else) {
  fetch_entries wish{mine, at(1, 3), 10};
  EXPECT_EQ(book.hear(two, wish), "serve 2 after 1.3");
  EXPECT_EQ(book.hear(two, wish), "") << "one reading at a time";
  auto served = [&](served_entries what) {
    return book.input([&](auto& m, auto now) {
      return m.on_served({notebook::device(two), mine, {at(1, 3), 10}}, what,
                         now);
    });
  };
  served_entries match{true, notebook::entries_of(1, 4, 5), at(1, 5), {}, {}};
  EXPECT_EQ(served(match), "2< entries after 1.3: 1.4 to 1.5; serve 2 after "
                           "1.3");
  served_entries none{false, {}, at(1, 5), at(1, 2), {}};
  EXPECT_EQ(served(none), "2< no match at 1.3, try 1.2");
}

TEST_F(leading, a_large_answer_is_not_repeated_while_it_is_on_its_way) {
  const fetch_entries wish{mine, at(1, 3), 10};
  served_entries match{true, notebook::entries_of(1, 4, 5), at(1, 5), {}, {}};
  match.list.front().data.resize(std::size_t{1} << 20);
  const auto served = [&] {
    return book.input([&](auto& m, auto now) {
      return m.on_served({notebook::device(two), mine, {at(1, 3), 10}}, match,
                         now);
    });
  };
  book.hear(two, wish);
  EXPECT_EQ(served(), "2< entries after 1.3: 1.4 to 1.5");
  // At 256 KiB a second, which a busy machine or a slow link needs.
  book.now += 4s - 1ns;
  EXPECT_EQ(book.hear(two, wish), "");
  EXPECT_EQ(book.hear(two, fetch_entries{mine, at(1, 2), 10}),
            "serve 2 after 1.2");
  served();
  book.now += 4s;
  EXPECT_EQ(book.hear(two, wish), "serve 2 after 1.3");
  // What was on its way when the connection ended does not arrive.
  served();
  book.down(two);
  book.up(two);
  EXPECT_EQ(book.hear(two, wish), "serve 2 after 1.3");
}

TEST_F(leading, what_was_read_under_an_older_ballot_is_not_sent) {
  book.hear(two, fetch_entries{mine, at(1, 3), 10});
  book.follow(4, two);
  served_entries match{true, notebook::entries_of(1, 4, 5), at(1, 5), {}, {}};
  EXPECT_EQ(book.input([&](auto& m, auto now) {
    return m.on_served({notebook::device(two), mine, {at(1, 3), 10}}, match,
                       now);
  }),
            "");
}

} // namespace
} // namespace lockstep::testing
