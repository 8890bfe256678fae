#include "tests/protocol/replication_notebook.hpp"

#include <gtest/gtest.h>

// Scripts of one device, 1, that follows device 2.
namespace lockstep::testing {
namespace {

using namespace std::chrono_literals;

constexpr auto two = notebook::other;
constexpr auto three = notebook::third;

log_position at(std::uint64_t term, std::uint64_t sequence) {
  return notebook::at(term, sequence);
}

/// The leader's words under its ballot of term 2.
const ballot under_two = notebook::ballot(2, two);

new_entries news(log_position head, std::vector<entry> list = {},
                 log_position follows = {}, std::uint64_t stable = 0) {
  return {under_two, head, follows, sequence_number{stable}, std::move(list)};
}

entries answer(log_position since, std::vector<entry> list, log_position head) {
  return {under_two, since, std::move(list), head};
}

auto applied(log_head head) {
  return [head](replication_machine& m, time_point now) {
    return m.on_applied(head, now);
  };
}

auto apply_failed(errc code) {
  return [code](replication_machine& m, time_point now) {
    return m.on_applied(fail(code, "no"), now);
  };
}

auto matched(log_position position) {
  return [position](replication_machine& m, time_point now) {
    return m.on_match(position, now);
  };
}

auto yielded(log_head head) {
  return [head](replication_machine& m, time_point now) {
    return m.on_yielded(head, now);
  };
}

auto pending(std::vector<operation> list) {
  return [list](replication_machine& m, time_point now) {
    return m.on_pending(pending_batch{list, {}}, now);
  };
}

auto pending_up_to(std::uint64_t last) {
  return [last](replication_machine& m, time_point now) {
    return m.on_pending_advanced(device_sequence_number{last}, now);
  };
}

/// Follows device 2 with everything that it has, up to 2.5.
struct following : ::testing::Test {
  following() {
    book.follow(2, two);
    book.up(two);
    book.hear(two, answer(at(2, 5), {}, at(2, 5)));
    book.input(pending({}));
  }
  notebook book{at(2, 5)};
};

TEST(replication, follower_asks_where_its_log_ends_as_soon_as_it_can) {
  notebook book{at(1, 5)};
  EXPECT_EQ(book.follow(2, two), "");
  EXPECT_EQ(book.up(two), "2< hello; 2< fetch 100 after 1.5");
  EXPECT_EQ(
    book.hear(two, answer(at(1, 5), notebook::entries_of(2, 6, 7), at(2, 7))),
    "apply 2.6 to 2.7 after 1.5");
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 7))),
            "2< have 2.7; read pending after 0");
  EXPECT_EQ(book.input(pending({})), "");
  EXPECT_EQ(book.pass_until_due(), "nothing is due");
}

TEST(replication, far_behind_follower_asks_for_more_at_once) {
  notebook book{at(2, 5)};
  book.follow(2, two);
  book.up(two);
  EXPECT_EQ(
    book.hear(two, answer(at(2, 5), notebook::entries_of(2, 6, 7), at(2, 900))),
    "apply 2.6 to 2.7 after 2.5");
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 7))),
            "2< have 2.7; 2< fetch 1000 after 2.7");
}

TEST(replication, unanswered_question_is_asked_again_ever_more_slowly) {
  notebook book{at(2, 5)};
  book.follow(2, two);
  book.up(two);
  duration before{};
  for (int i = 0; i < 4; ++i) {
    auto asked = book.now;
    EXPECT_EQ(book.pass_until_due(), "2< fetch 100 after 2.5");
    EXPECT_GT(book.now - asked, before);
    before = book.now - asked;
  }
  for (int i = 0; i < 20; ++i)
    book.pass_until_due();
  auto asked = book.now;
  book.pass_until_due();
  EXPECT_LE(book.now - asked, 30s + 30s / 4);
}

TEST_F(following, small_group_rides_inline) {
  EXPECT_EQ(
    book.hear(two, news(at(2, 6), notebook::entries_of(2, 6, 6), at(2, 5))),
    "apply 2.6 to 2.6 after 2.5");
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 6))), "2< have 2.6");
}

TEST_F(following, gap_is_fetched_and_overlap_is_trimmed) {
  EXPECT_EQ(
    book.hear(two, news(at(2, 8), notebook::entries_of(2, 8, 8), at(2, 7))),
    "2< fetch 100 after 2.5");
  EXPECT_EQ(
    book.hear(two, answer(at(2, 4), notebook::entries_of(2, 5, 8), at(2, 8))),
    "apply 2.6 to 2.8 after 2.5");
}

TEST_F(following, repeated_messages_change_nothing) {
  auto group = news(at(2, 6), notebook::entries_of(2, 6, 6), at(2, 5));
  book.hear(two, group);
  EXPECT_EQ(book.hear(two, group), "");
  book.input(applied(notebook::head_at(2, 6)));
  EXPECT_EQ(book.hear(two, group), "");
  EXPECT_EQ(
    book.hear(two, answer(at(2, 5), notebook::entries_of(2, 6, 6), at(2, 6))),
    "");
}

TEST_F(following, reminder_of_what_is_here_is_acknowledged_again) {
  EXPECT_EQ(book.hear(two, news(at(2, 5))), "2< have 2.5");
  EXPECT_EQ(book.hear(two, news(at(2, 5), {}, {}, 5)), "stable 5");
}

TEST_F(following, words_under_another_ballot_are_ignored) {
  for (auto term : {1U, 3U}) {
    auto other = news(at(2, 6), notebook::entries_of(2, 6, 6), at(2, 5));
    other.ballot = notebook::ballot(term, two);
    EXPECT_EQ(book.hear(two, other), "");
    auto late = answer(at(2, 5), notebook::entries_of(2, 6, 6), at(2, 6));
    late.ballot = notebook::ballot(term, two);
    EXPECT_EQ(book.hear(two, late), "");
  }
  EXPECT_EQ(book.hear(three, news(at(2, 6))), "");
}

TEST_F(following, entries_above_the_ballot_or_out_of_order_are_refused) {
  EXPECT_EQ(
    book.hear(two, news(at(2, 6), notebook::entries_of(3, 6, 6), at(2, 5))),
    "2< fetch 100 after 2.5");
  auto list = notebook::entries_of(2, 6, 7);
  std::swap(list.front(), list.back());
  EXPECT_EQ(book.hear(two, answer(at(2, 5), list, at(2, 7))), "");
}

TEST_F(following, refused_entries_make_it_read_its_log_and_wait) {
  book.hear(two, news(at(2, 6), notebook::entries_of(2, 6, 6), at(2, 5)));
  EXPECT_EQ(book.input(apply_failed(errc::log_conflict)),
            "where does the log end");
  EXPECT_EQ(book.input(matched(at(2, 4))), "");
  EXPECT_EQ(book.pass_until_due(), "2< fetch 100 after 2.4");
}

TEST_F(following, what_its_disk_has_no_room_for_is_fetched_ever_more_rarely) {
  const auto news_of_six
    = news(at(2, 6), notebook::entries_of(2, 6, 6), at(2, 5));
  book.hear(two, news_of_six);
  std::vector<duration> waits;
  for (int times = 0; times < 10; ++times) {
    EXPECT_EQ(book.input(apply_failed(errc::disk_full)),
              "where does the log end");
    EXPECT_EQ(book.input(matched(at(2, 5))), "");
    // A leader that goes on writing changes nothing about it.
    EXPECT_EQ(book.hear(two, news(at(2, 7))), "");
    const auto since = book.now;
    EXPECT_EQ(book.pass_until_due(), "2< fetch 100 after 2.5");
    waits.push_back(book.now - since);
    book.hear(two, answer(at(2, 5), notebook::entries_of(2, 6, 6), at(2, 7)));
  }
  EXPECT_LT(waits.front(), 1s);
  EXPECT_GT(waits.back(), 20s);
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 6))),
            "2< have 2.6; 2< fetch 100 after 2.6");
}

TEST_F(following, own_entries_from_when_it_led_put_the_log_in_doubt) {
  log_advanced own{at(2, 5), notebook::head_at(1, 6), nullptr};
  EXPECT_EQ(
    book.input([&](auto& m, auto now) { return m.on_log_advanced(own, now); }),
    "2< fetch 100 after 1.6");
  EXPECT_FALSE(book.machine.confirmed());
}

TEST(replication, diverged_follower_steps_back_yields_and_goes_on) {
  notebook book{at(1, 9)};
  book.follow(2, two);
  EXPECT_EQ(book.up(two), "2< hello; 2< fetch 100 after 1.9");
  auto no = [](log_position since, log_position try_at) {
    return sync_required{under_two, since, try_at, {}};
  };
  EXPECT_EQ(book.hear(two, no(at(1, 9), at(1, 7))), "match at 1.7");
  EXPECT_EQ(book.input(matched(at(0, 6))), "2< fetch 1 after 0.6");
  EXPECT_EQ(book.hear(two, no(at(0, 6), at(0, 4))), "match at 0.4");
  EXPECT_EQ(book.input(matched(at(0, 4))), "2< fetch 1 after 0.4");
  EXPECT_EQ(book.pass_until_due(), "2< fetch 1 after 0.4") << "was lost";
  EXPECT_EQ(
    book.hear(two, answer(at(0, 4), notebook::entries_of(1, 5, 5), at(2, 10))),
    "yield after 4");
  EXPECT_EQ(book.input(yielded(notebook::head_at(0, 4))),
            "2< have 0.4; 2< fetch 100 after 0.4");
}

TEST_F(following, what_it_yielded_is_proposed_before_what_came_later) {
  book.input(pending_up_to(2));
  book.input(pending(notebook::operations(1, 1, 2)));
  proposal_ack done_two{under_two, device_sequence_number{2}, false};
  book.hear(two, done_two);
  log_advanced own{at(2, 5), notebook::head_at(1, 6), nullptr};
  book.input([&](auto& m, auto now) { return m.on_log_advanced(own, now); });
  book.hear(two, sync_required{under_two, at(1, 6), at(2, 5), {}});
  EXPECT_EQ(book.input(matched(at(2, 5))), "2< fetch 1 after 2.5");
  EXPECT_EQ(book.hear(two, answer(at(2, 5), {}, at(2, 5))), "yield after 5");
  // What it gave back may have been vacuumed there: that is asked for.
  EXPECT_EQ(book.input(yielded(notebook::head_at(2, 5))),
            "2< have 2.5; 2< fetch 100 after 2.5; read pending after 0");
}

TEST_F(following, new_leader_hears_of_no_log_that_it_may_not_have) {
  book.hear(two, news(at(2, 6), notebook::entries_of(2, 6, 6), at(2, 5)));
  EXPECT_EQ(book.follow(3, three), "");
  EXPECT_EQ(book.up(three), "3< hello");
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 6))),
            "3< fetch 100 after 2.6");
}

TEST(replication, match_below_what_was_vacuumed_starts_from_nothing) {
  notebook book{at(1, 9)};
  book.follow(2, two);
  book.up(two);
  sync_required no{under_two, at(1, 9), at(1, 3), sequence_number{8}};
  EXPECT_EQ(book.hear(two, no), "match at 1.3");
  EXPECT_EQ(book.input(matched(at(1, 3))), "2< fetch 1 after 0.0");
}

TEST(replication, only_the_leader_makes_a_log_yield) {
  notebook book{at(1, 9)};
  book.follow(2, two);
  EXPECT_EQ(book.up(three), "3< hello; 3< fetch 100 after 1.9");
  EXPECT_EQ(book.hear(three, sync_required{under_two, at(1, 9), at(1, 3), {}}),
            "");
  EXPECT_EQ(book.pass_until_due(), "3< fetch 100 after 1.9");
}

TEST(replication, member_speaks_for_a_leader_that_this_log_does_not_know) {
  constexpr std::uint8_t stranger = 4;
  const auto under = notebook::ballot(2, stranger);
  notebook book{at(1, 9)};
  book.follow(2, stranger);
  EXPECT_EQ(book.up(three), "3< hello; 3< fetch 100 after 1.9");
  EXPECT_EQ(book.hear(three, sync_required{under, at(1, 9), at(1, 3), {}}),
            "match at 1.3");
  EXPECT_EQ(book.input(matched(at(1, 3))), "3< fetch 1 after 1.3");
  EXPECT_EQ(book.hear(three, entries{under, at(1, 3), {}, at(1, 5)}),
            "yield after 3");
  EXPECT_EQ(book.input(yielded(notebook::head_at(1, 3))),
            "3< fetch 100 after 1.3");
}

TEST(replication, member_that_is_not_as_far_makes_no_log_yield) {
  constexpr std::uint8_t stranger = 4;
  const auto under = notebook::ballot(2, stranger);
  notebook book{at(1, 9)};
  book.follow(2, stranger);
  book.up(three);
  book.hear(three, sync_required{under, at(1, 9), at(1, 3), {}});
  EXPECT_EQ(book.input(matched(at(1, 3))), "3< fetch 1 after 1.3");
  EXPECT_EQ(book.hear(three, entries{under, at(1, 3), {}, at(1, 3)}), "")
    << "its log ends where the two still match";
  EXPECT_EQ(book.pass_until_due(), "3< fetch 100 after 1.9");
}

TEST(replication, follower_syncs_through_another_while_the_leader_is_away) {
  notebook book{at(1, 9)};
  book.follow(2, two);
  book.up(three);
  EXPECT_EQ(book.hear(three, answer(at(1, 9), notebook::entries_of(2, 10, 10),
                                    at(2, 10))),
            "apply 2.10 to 2.10 after 1.9");
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 10))),
            "3< fetch 100 after 2.10");
  EXPECT_EQ(book.hear(three, answer(at(2, 10), {}, at(2, 10))), "");
  EXPECT_EQ(book.up(two), "2< hello; 2< fetch 100 after 2.10");
}

TEST_F(following, proposals_go_one_by_one_until_the_leader_has_them) {
  EXPECT_EQ(book.input(pending_up_to(4)), "read pending after 0");
  EXPECT_EQ(book.input(pending(notebook::operations(1, 1, 2))),
            "2< propose 1 to 2");
  EXPECT_EQ(book.input(pending_up_to(5)), "");
  proposal_ack done_two{under_two, device_sequence_number{2}, false};
  EXPECT_EQ(book.hear(two, done_two), "read pending after 2");
  EXPECT_EQ(book.input(pending(notebook::operations(1, 3, 5))),
            "2< propose 3 to 5");
  EXPECT_EQ(book.hear(two, done_two), "") << "a late repeat";
  proposal_ack done_five{under_two, device_sequence_number{5}, false};
  EXPECT_EQ(book.hear(two, done_five), "");
}

TEST_F(following, refused_or_lost_proposal_is_made_again_later) {
  book.input(pending_up_to(1));
  book.input(pending(notebook::operations(1, 1, 1)));
  EXPECT_EQ(book.pass_until_due(), "read pending after 0");
  book.input(pending(notebook::operations(1, 1, 1)));
  EXPECT_EQ(book.hear(two, proposal_ack{under_two, {}, true}), "");
  EXPECT_EQ(book.pass_until_due(), "read pending after 0");
}

TEST_F(following, new_leader_is_told_everything_but_only_once_caught_up) {
  book.input(pending_up_to(3));
  book.input(pending(notebook::operations(1, 1, 3)));
  EXPECT_EQ(book.follow(3, three), "2< fetch 100 after 2.5") << "a relay";
  EXPECT_EQ(book.up(three), "3< hello; 3< fetch 100 after 2.5");
  entries from_three{notebook::ballot(3, three), at(2, 5), {}, at(2, 5)};
  EXPECT_EQ(book.hear(three, from_three), "3< have 2.5; read pending after 0");
}

TEST_F(following, who_turns_it_away_is_seen_until_it_says_something_else) {
  const auto refusing = [&] {
    std::vector<device_id> list;
    for (const auto& peer : book.machine.view().peers)
      if (peer.refuses)
        list.push_back(peer.device);
    return list;
  };
  EXPECT_EQ(refusing(), std::vector<device_id>{});
  EXPECT_EQ(book.hear(two, not_member{}), "");
  EXPECT_EQ(refusing(), std::vector{notebook::device(two)});
  book.down(two);
  EXPECT_EQ(refusing(), std::vector{notebook::device(two)});
  book.up(two);
  book.hear(two, hello{});
  EXPECT_EQ(refusing(), std::vector<device_id>{});
}

TEST(replication, stability_counts_only_up_to_the_own_log) {
  notebook book{at(2, 5)};
  book.follow(2, two);
  book.up(two);
  heartbeat beat{under_two, at(2, 8), sequence_number{7}};
  EXPECT_EQ(book.hear(two, beat), "") << "not known to match yet";
  EXPECT_EQ(
    book.hear(two, answer(at(2, 5), notebook::entries_of(2, 6, 6), at(2, 8))),
    "apply 2.6 to 2.6 after 2.5; stable 5");
  EXPECT_EQ(book.input(applied(notebook::head_at(2, 6))),
            "2< have 2.6; 2< fetch 100 after 2.6; stable 6");
}

TEST(replication, without_a_leader_it_only_greets) {
  notebook book{at(1, 5)};
  EXPECT_EQ(book.up(two), "2< hello");
  EXPECT_EQ(book.hear(two, hello{}), "2< welcome");
  EXPECT_EQ(book.input(pending_up_to(3)), "");
  EXPECT_EQ(book.pass_until_due(), "nothing is due");
}

} // namespace
} // namespace lockstep::testing
