#include "actors/leadership.hpp"

#include "tests/support/deterministic.hpp"

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caf::typed_response_promise<lockstep::done>)

namespace lockstep {
namespace {

using namespace std::chrono_literals;

struct leadership_test : deterministic {
  const device_id a{{1}};
  const device_id b{{2}};
  const device_id c{{3}};
  const library_id photos{{9}};
  const environment env = simulated_environment(5);

  // What the neighbours of the actor have seen.
  std::vector<leadership_record> stored;
  std::vector<caf::typed_response_promise<done>> unstored;
  caf::actor log;
  bool disk_answers = true;
  bool disk_works = true;
  std::vector<leadership_view> roles;
  std::vector<leadership_view> events;
  std::vector<peer_message> said;
  std::uint64_t said_at = 0;

  sync_log_actor disk() {
    auto actor = spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {[this, self](const store_leadership& what) -> caf::result<done> {
                if (!disk_works)
                  return to_error({errc::disk_full, "The disk is full."});
                stored.push_back(what.record);
                if (disk_answers)
                  return done{};
                unstored.push_back(self->make_response_promise<done>());
                return unstored.back();
              },
              // Only an actor may deliver.
              [](caf::typed_response_promise<done>& late) {
                late.deliver(done{});
              }};
    });
    log = actor;
    return caf::actor_cast<sync_log_actor>(actor);
  }

  event_bus_actor bus() {
    auto actor = spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const event& what) {
        EXPECT_EQ(what.library, photos);
        events.push_back(std::get<leadership_changed>(what.body).now);
      }};
    });
    return caf::actor_cast<event_bus_actor>(actor);
  }

  role_watcher watcher() {
    auto actor = spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const role_changed& what) {
        roles.push_back(what.now);
      }};
    });
    return caf::actor_cast<role_watcher>(actor);
  }

  peer_actor peer() {
    auto actor = spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const envelope& what) {
        EXPECT_EQ(what.library, photos);
        said.push_back(what.message);
        said_at = what.unix_ms;
      }};
    });
    return caf::actor_cast<peer_actor>(actor);
  }

  /// Device b, whose stored record is this, in a library of a, b and c.
  leadership_actor device_b(leadership_record recovered) {
    leadership_setup setup;
    setup.library = photos;
    setup.device = b;
    setup.recovered = recovered;
    setup.env = env;
    setup.log = disk();
    setup.events = bus();
    for (auto each : {a, b, c})
      setup.members.push_back({each, "device", false});
    auto result = spawn(leadership, std::move(setup));
    run();
    tell(result, watch_role{watcher()});
    return result;
  }

  leadership_actor follower_of_a() {
    return device_b({under(1, a), {}, a, {}});
  }

  leadership_actor leading_b() {
    return device_b({under(2, b), under(2, b), b, env.wall(now()) + 80s});
  }

  static ballot under(std::uint64_t term, device_id leader) {
    return {term_number{term}, leader};
  }

  template <class T> std::vector<T> heard() const {
    std::vector<T> result;
    for (const auto& each : said)
      if (const auto* hit = std::get_if<T>(&each))
        result.push_back(*hit);
    return result;
  }
};

TEST_F(leadership_test, a_new_watcher_hears_the_role_at_once) {
  leading_b();
  ASSERT_EQ(roles.size(), 1u);
  EXPECT_EQ(roles[0].role, role::leader);
  EXPECT_EQ(roles[0].ballot, under(2, b));
  EXPECT_EQ(roles[0].lease_end, env.wall(now()) + 80s);
  EXPECT_EQ(events, roles);
}

TEST_F(leadership_test, a_leader_beats_every_thirty_seconds) {
  auto leader = leading_b();
  tell(leader, peer_up{a, peer()});
  EXPECT_EQ(heard<heartbeat>().size(), 1u);
  advance(91s);
  ASSERT_EQ(heard<heartbeat>().size(), 4u);
  EXPECT_EQ(said_at, env.unix_ms(now() - 1s, 0s));
  tell(leader, clock_corrected{3h});
  advance(30s);
  EXPECT_EQ(said_at, env.unix_ms(now() - 1s, 3h));
}

TEST_F(leadership_test, an_answer_renews_the_lease_on_the_disk) {
  auto leader = leading_b();
  tell(leader, peer_up{a, peer()});
  advance(10s);
  tell(leader, from_peer{a, heartbeat_ack{under(2, b), {}}});
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].lease_end, env.wall(now()) + 90s);
  auto seen = ask<leadership_view>(leader, read_leader{});
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->lease_end, env.wall(now()) + 90s);
  EXPECT_FALSE(seen->alone);
}

TEST_F(leadership_test, nothing_is_said_before_the_ballot_is_stored) {
  auto device = follower_of_a();
  tell(device, peer_up{c, peer()});
  disk_answers = false;
  advance(63s);
  ASSERT_EQ(stored.size(), 1u);
  EXPECT_EQ(stored[0].vote, under(2, b));
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(roles.back().role, role::follower);
  tell(log, unstored[0]);
  ASSERT_EQ(heard<claim>().size(), 1u);
  EXPECT_EQ(heard<claim>()[0].ballot, under(2, b));
  EXPECT_EQ(roles.back().role, role::candidate);
}

TEST_F(leadership_test, a_heartbeat_keeps_a_follower_from_asking) {
  auto device = follower_of_a();
  tell(device, peer_up{a, peer()});
  for (int i = 0; i < 10; ++i) {
    advance(30s);
    tell(device, from_peer{a, heartbeat{under(1, a), {}, {}}});
  }
  EXPECT_EQ(heard<heartbeat_ack>().size(), 10u);
  EXPECT_TRUE(heard<claim>().empty());
  EXPECT_TRUE(stored.empty());
  advance(63s);
  EXPECT_EQ(heard<claim>().size(), 1u);
}

TEST_F(leadership_test, asking_for_the_leadership_is_answered_once_it_leads) {
  auto device = follower_of_a();
  tell(device, peer_up{c, peer()});
  auto answer = request<leadership_view>(device, request_leadership{});
  run();
  EXPECT_FALSE(answer->has_value());
  tell(device,
       from_peer{c, vote{under(2, b), true, refusal::none, under(1, a)}});
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((**answer)->role, role::leader);
  EXPECT_EQ((**answer)->ballot, under(2, b));
}

TEST_F(leadership_test, a_refusal_names_the_leader_and_the_end_of_its_lease) {
  auto device = follower_of_a();
  tell(device, peer_up{a, peer()});
  tell(device, from_peer{a, heartbeat{under(1, a), {}, {}}});
  auto answer = request<leadership_view>(device, request_leadership{});
  run();
  tell(device, from_peer{a, vote{under(2, b), false, refusal::live_leader,
                                 under(1, a)}});
  ASSERT_TRUE(answer->has_value());
  const auto& refused = (**answer).error();
  EXPECT_EQ(refused.code, errc::not_leader);
  EXPECT_EQ(refused.message, "Device " + to_string(a)
                               + " leads; its lease ends at "
                                 "2026-01-01T00:01:30Z.");
}

TEST_F(leadership_test, a_transfer_is_answered_once_the_other_leads) {
  auto leader = leading_b();
  tell(leader, peer_up{c, peer()});
  tell(leader, from_peer{c, heartbeat_ack{under(2, b), {}}});
  auto answer = request<leadership_view>(leader, transfer_leadership{c});
  run();
  EXPECT_EQ(heard<hand_over>().size(), 1u);
  EXPECT_EQ(roles.back().role, role::follower);
  EXPECT_FALSE(answer->has_value());
  tell(leader, from_peer{c, heartbeat{under(3, c), {}, {}}});
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((**answer)->leader, c);
}

TEST_F(leadership_test, stepping_down_hands_over_and_ends_the_actor) {
  auto leader = leading_b();
  tell(leader, peer_up{c, peer()});
  EXPECT_TRUE(ask<done>(leader, step_down{}));
  EXPECT_EQ(heard<hand_over>().size(), 1u);
  EXPECT_TRUE(stored.back().leader.is_nil());
  auto late = ask<leadership_view>(leader, read_leader{});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::closed);
}

TEST_F(leadership_test, a_disk_that_stores_nothing_ends_the_actor) {
  auto device = follower_of_a();
  tell(device, peer_up{c, peer()});
  disk_works = false;
  advance(70s);
  EXPECT_TRUE(said.empty());
  EXPECT_FALSE(ask<leadership_view>(device, read_leader{}));
}

TEST_F(leadership_test, a_lease_beyond_the_longest_possible_is_cut) {
  device_b({under(2, b), under(2, b), b, env.wall(now()) + 24h});
  EXPECT_EQ(roles[0].lease_end, env.wall(now()) + 90s);
}

} // namespace
} // namespace lockstep
