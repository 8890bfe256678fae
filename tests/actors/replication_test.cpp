#include "actors/replication.hpp"
#include "tests/support/deterministic.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <vector>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

device_id device(std::uint8_t number) {
  device_id result;
  result.bytes[0] = number;
  return result;
}

/// What the actors around replication were told, and how they answer.
struct surroundings {
  std::vector<envelope> said;
  std::vector<apply_entries> applied;
  std::vector<serve_entries> served;
  std::vector<find_match> searched;
  std::vector<stable_advanced> stable;
  std::vector<wall_time> times;
  std::vector<log_head> heads;
  std::size_t watchers = 0;
  expected<log_head> apply_answer = log_head{};
  log_position match_answer;
};

class replication_actor_test : public deterministic {
protected:
  replication_actor_test() {
    auto applier = spawn([this]() -> entry_applier::behavior_type {
      return {
        [](const sequence_operations& what) {
          return operations_sequenced{what.list->back().device_sequence};
        },
        [this](const apply_entries& what) -> caf::result<log_head> {
          around.applied.push_back(what);
          return to_result(around.apply_answer);
        },
        [](const yield_log&) { return log_head{}; },
        [](const fetch_pending&) { return pending_batch{}; },
        [this](const stable_advanced& what) { around.stable.push_back(what); },
        [](const majority_advanced&) {},
        [](const vacuum_bound_moved&) {},
        [](const first_sync_target&) {},
        [this](const leader_time& what) {
          around.times.push_back(what.now);
        }};
    });
    auto log = spawn([this]() -> log_source::behavior_type {
      return {[this](const serve_entries& what) {
                around.served.push_back(what);
                served_entries result;
                result.matches = true;
                result.head = head.position;
                return result;
              },
              [this](const find_match& what) {
                around.searched.push_back(what);
                return around.match_answer;
              },
              [](const store_progress&) {
              }};
    });
    auto leader = spawn([this]() -> head_listener::behavior_type {
      return {[this](const watch_role&) { ++around.watchers; },
              [this](const log_head& what) { around.heads.push_back(what); },
              [](const stable_advanced&) {}, [](const majority_advanced&) {},
              [](const vacuum_bound_moved&) {
              }};
    });
    peer = spawn([this]() -> peer_actor::behavior_type {
      return {[this](const envelope& what) {
        around.said.push_back(what);
      }};
    });
    replication_setup setup;
    setup.library.bytes[0] = 9;
    setup.device = device(1);
    setup.env = simulated_environment(1);
    setup.applier = applier;
    setup.log = log;
    setup.leadership = leader;
    setup.members
      = {member{device(1), "", false}, member{device(2), "", false}};
    setup.head = head;
    tested = spawn(replication, setup);
    run();
  }

  void role_is(role mine, std::uint8_t leader) {
    leadership_view view;
    view.role = mine;
    view.ballot = {term_number{2}, device(leader)};
    view.leader = device(leader);
    tell(tested, role_changed{view});
  }

  void hear(peer_message message, std::uint64_t unix_ms = 0) {
    tell(tested, from_peer{device(2), std::move(message), unix_ms});
  }

  /// The last thing that the peer was told, when it is of that kind.
  template <class Message> const Message* last_said() const {
    if (around.said.empty())
      return nullptr;
    return std::get_if<Message>(&around.said.back().message);
  }

  entry next_entry() const {
    entry result;
    result.sequence = head.position.sequence + 1;
    result.ballot = {term_number{2}, device(2)};
    return result;
  }

  new_entries next_news() const {
    const auto what = next_entry();
    return {what.ballot, what.position(), head.position, {}, {what}};
  }

  log_head head{{{term_number{1}, device(2)}, sequence_number{5}}, 0};
  surroundings around;
  peer_actor peer;
  replication_actor tested;
};

TEST_F(replication_actor_test, asks_leadership_for_the_role_by_itself) {
  EXPECT_EQ(around.watchers, 1U);
}

TEST_F(replication_actor_test, greets_a_peer_in_the_name_of_its_library) {
  tell(tested, peer_up{device(2), peer});
  ASSERT_TRUE(last_said<hello>());
  EXPECT_EQ(around.said.back().library.bytes[0], 9);
}

TEST_F(replication_actor_test,
       applies_then_acknowledges_and_tells_of_the_head) {
  role_is(role::follower, 2);
  tell(tested, peer_up{device(2), peer});
  around.apply_answer = log_head{next_entry().position(), 7};
  hear(next_news());
  ASSERT_EQ(around.applied.size(), 1U);
  EXPECT_EQ(around.applied[0].follows, head.position);
  ASSERT_TRUE(last_said<acknowledge>());
  EXPECT_EQ(last_said<acknowledge>()->through, next_entry().position());
  ASSERT_EQ(around.heads.size(), 1U);
  EXPECT_EQ(around.heads[0].position, next_entry().position());
}

TEST_F(replication_actor_test,
       failed_apply_is_tried_again_and_not_acknowledged) {
  role_is(role::follower, 2);
  tell(tested, peer_up{device(2), peer});
  around.apply_answer = fail(errc::disk_full, "The disk is full.");
  around.match_answer = head.position;
  hear(next_news());
  EXPECT_EQ(around.searched.size(), 1U);
  EXPECT_FALSE(last_said<acknowledge>());
  const auto before = around.said.size();
  advance(5s);
  ASSERT_GT(around.said.size(), before);
  EXPECT_TRUE(last_said<fetch_entries>());
}

TEST_F(replication_actor_test, unanswered_fetch_is_repeated_by_the_timer) {
  role_is(role::follower, 2);
  tell(tested, peer_up{device(2), peer});
  const auto before = around.said.size();
  advance(3s);
  EXPECT_GE(around.said.size(), before + 2);
}

TEST_F(replication_actor_test, leader_serves_from_the_log) {
  role_is(role::leader, 1);
  tell(tested, peer_up{device(2), peer});
  hear(fetch_entries{{term_number{2}, device(1)}, head.position, 10});
  ASSERT_EQ(around.served.size(), 1U);
  ASSERT_TRUE(last_said<entries>());
  EXPECT_EQ(last_said<entries>()->since, head.position);
}

TEST_F(replication_actor_test, leader_hands_proposals_on_and_answers) {
  role_is(role::leader, 1);
  tell(tested, peer_up{device(2), peer});
  operation wish;
  wish.device = device(2);
  wish.device_sequence = device_sequence_number{3};
  hear(propose{{term_number{2}, device(1)}, {wish}, {}});
  ASSERT_TRUE(last_said<proposal_ack>());
  EXPECT_EQ(last_said<proposal_ack>()->through, wish.device_sequence);
}

TEST_F(replication_actor_test, tells_what_every_member_holds) {
  role_is(role::leader, 1);
  tell(tested, peer_up{device(2), peer});
  hear(acknowledge{{term_number{2}, device(1)}, head.position});
  ASSERT_EQ(around.stable.size(), 1U);
  EXPECT_EQ(around.stable[0].stable, head.position.sequence);
}

TEST_F(replication_actor_test, says_nothing_to_a_peer_that_is_gone) {
  role_is(role::follower, 2);
  tell(tested, peer_up{device(2), peer});
  tell(tested, peer_down{device(2)});
  const auto before = around.said.size();
  hear(next_news());
  advance(60s);
  EXPECT_EQ(around.said.size(), before);
}

TEST_F(replication_actor_test, close_answers_and_ends_the_actor) {
  role_is(role::follower, 2);
  tell(tested, peer_up{device(2), peer});
  EXPECT_TRUE(ask<done>(tested, close_library{}));
  const auto before = around.said.size();
  advance(60s);
  EXPECT_EQ(around.said.size(), before);
  EXPECT_FALSE(ask<done>(tested, close_library{}));
}

TEST_F(replication_actor_test, the_library_hears_the_leader_s_time) {
  role_is(role::follower, 2);
  hear(hello{}, 5'000);
  EXPECT_EQ(around.times,
            std::vector{wall_time{std::chrono::milliseconds{5'000}}});
  hear(hello{}, 5'100);
  EXPECT_EQ(around.times.size(), 1U) << "not more often than needed";
  advance(std::chrono::seconds{1});
  hear(hello{}, 6'000);
  EXPECT_EQ(around.times.size(), 2U);
  role_is(role::leader, 1);
  hear(hello{}, 9'000);
  EXPECT_EQ(around.times.size(), 2U) << "of no follower";
}

TEST_F(replication_actor_test, it_says_the_library_s_time) {
  role_is(role::follower, 2);
  tell(tested, clock_corrected{std::chrono::hours{3}});
  tell(tested, peer_up{device(2), peer});
  ASSERT_FALSE(around.said.empty());
  EXPECT_EQ(around.said.back().unix_ms,
            simulated_environment(1).unix_ms(now(), std::chrono::hours{3}));
}

} // namespace
} // namespace lockstep
