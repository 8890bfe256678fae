#include "tests/protocol/replication_notebook.hpp"

#include <gtest/gtest.h>

#include <set>

// Scripts about what may be vacuumed, on device 1.
namespace lockstep::testing {
namespace {

constexpr auto two = notebook::other;
constexpr auto three = notebook::third;

log_position at(std::uint64_t term, std::uint64_t sequence) {
  return notebook::at(term, sequence);
}

auto stale(const std::set<device_id>& silent) {
  return [=](replication_machine& m, time_point now) {
    return m.on_stale(silent, now);
  };
}

struct vacuuming : ::testing::Test {
  vacuuming() {
    book.tells_vacuum = true;
  }

  std::string have(std::uint8_t peer, log_position through) {
    return book.hear(peer, acknowledge{mine, through});
  }

  ballot mine = notebook::ballot(3, notebook::self);
  notebook book{at(1, 5)};
};

TEST_F(vacuuming, waits_for_all_members) {
  book.lead(3);
  book.up(two);
  EXPECT_EQ(have(two, at(1, 5)), "");
  book.up(three);
  EXPECT_EQ(have(three, at(1, 4)), "stable 4; vacuum through 4");
}

TEST_F(vacuuming, does_not_wait_for_one_that_is_silent_for_too_long) {
  book.lead(3);
  book.up(two);
  have(two, at(1, 5));
  // It is still not stable: not every member holds it.
  EXPECT_EQ(book.input(stale({notebook::device(three)})), "vacuum through 5");
  // It is on its way through the log: its place there is not to go.
  EXPECT_EQ(book.input(stale({})), "vacuum through 0");
  have(three, at(1, 2));
  EXPECT_NE(have(three, at(1, 5)).find("vacuum through 5"), std::string::npos);
}

TEST_F(vacuuming, a_follower_goes_by_what_the_leader_said_last) {
  book.follow(2, two);
  book.up(two);
  const auto news = [&](std::uint64_t bound) {
    heartbeat said{notebook::ballot(2, two), at(1, 5), sequence_number{2}};
    said.vacuum.through = sequence_number{bound};
    return book.hear(two, said);
  };
  EXPECT_EQ(news(4).find("vacuum through 4") != std::string::npos, true);
  EXPECT_EQ(news(3), "vacuum through 3");
  EXPECT_EQ(news(3), "");
  // No further than what is here.
  EXPECT_EQ(news(9), "vacuum through 5");
}

/// What the machine asks for, if it asks.
std::optional<fetch_entries> question_in(const replication_effects& list) {
  for (const auto& effect : list)
    if (const auto* said = std::get_if<replication_send>(&effect))
      if (const auto* wish = std::get_if<fetch_entries>(&said->message))
        return *wish;
  return std::nullopt;
}

TEST(passing_a_gap, is_followed_by_asking_for_what_was_left_out) {
  notebook book{at(1, 5)};
  book.follow(2, two);
  book.up(two);
  const auto under = notebook::ballot(2, two);
  const auto now = book.now;
  auto& machine = book.machine;
  // Entries 6 and 7 were vacuumed.
  new_entries news{
    under, at(2, 8), at(1, 5), {}, notebook::entries_of(2, 8, 8)};
  auto out = machine.on_message(notebook::device(two), news, now);
  ASSERT_TRUE(std::holds_alternative<apply_entries>(out.front()));
  out = machine.on_applied(notebook::head_at(2, 8), now);
  const auto asked = question_in(out);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->wants_accepted);
  const accepted_range all{notebook::device(three), device_sequence_number{1},
                           device_sequence_number{9}};
  entries answer{under, at(2, 8), {}, at(2, 8), {all}};
  out = machine.on_message(notebook::device(two), answer, now);
  const auto* wish
    = out.empty() ? nullptr : std::get_if<apply_entries>(&out[0]);
  ASSERT_NE(wish, nullptr);
  EXPECT_TRUE(wish->list->empty());
  EXPECT_EQ(wish->accepted, std::vector{all});
  // Once is enough.
  EXPECT_FALSE(question_in(machine.on_applied(notebook::head_at(2, 8), now)));
}

TEST(passing_a_gap, numbers_wait_for_the_entries_that_they_speak_of) {
  notebook book{at(1, 5)};
  book.follow(2, two);
  const auto under = notebook::ballot(2, two);
  auto& machine = book.machine;
  auto out = machine.on_peer_up(notebook::device(two), book.now);
  const auto asked = question_in(out);
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->wants_accepted);
  const accepted_range all{notebook::device(three), device_sequence_number{1},
                           device_sequence_number{9}};
  // More is to come.
  entries answer{
    under, at(1, 5), notebook::entries_of(2, 6, 7), at(2, 9), {all}};
  out = machine.on_message(notebook::device(two), answer, book.now);
  const auto* wish
    = out.empty() ? nullptr : std::get_if<apply_entries>(&out[0]);
  ASSERT_NE(wish, nullptr);
  EXPECT_TRUE(wish->accepted.empty());
}

TEST(passing_a_gap, only_the_leader_says_what_was_left_out) {
  notebook book{at(1, 5)};
  // It joined without this device, which hears of it from a member.
  constexpr std::uint8_t stranger = 9;
  book.follow(2, stranger);
  const auto under = notebook::ballot(2, stranger);
  auto& machine = book.machine;
  const auto asked
    = question_in(machine.on_peer_up(notebook::device(two), book.now));
  ASSERT_TRUE(asked);
  const accepted_range all{notebook::device(three), device_sequence_number{1},
                           device_sequence_number{9}};
  // What that one holds may itself not be whole.
  auto out = machine.on_message(
    notebook::device(two),
    entries{under, at(1, 5), notebook::entries_of(2, 6, 7), at(2, 7), {all}},
    book.now);
  const auto* wish
    = out.empty() ? nullptr : std::get_if<apply_entries>(&out[0]);
  ASSERT_NE(wish, nullptr);
  EXPECT_TRUE(wish->accepted.empty());
  machine.on_applied(notebook::head_at(2, 7), book.now);
  std::vector<member> named;
  for (auto each : {notebook::self, two, three, stranger})
    named.push_back(member{notebook::device(each), "", false});
  machine.on_members(named, book.now);
  const auto again
    = question_in(machine.on_peer_up(notebook::device(stranger), book.now));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->wants_accepted);
  out = machine.on_message(notebook::device(stranger),
                           entries{under, at(2, 7), {}, at(2, 7), {all}},
                           book.now);
  wish = out.empty() ? nullptr : std::get_if<apply_entries>(&out[0]);
  ASSERT_NE(wish, nullptr);
  EXPECT_EQ(wish->accepted, std::vector{all});
}

} // namespace
} // namespace lockstep::testing
