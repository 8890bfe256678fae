#include "actors/event_bus.hpp"

#include "actors/callback_subscriber.hpp"
#include "tests/support/deterministic.hpp"

#include <caf/scoped_actor.hpp>

#include <future>
#include <stdexcept>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caf::typed_response_promise<lockstep::done>)

namespace lockstep {
namespace {

constexpr std::size_t limit = 4;

struct event_bus_test : deterministic {
  /// What a subscriber got: the numbers of its events, and 0 for a gap. It
  /// answers at once, or when the test does.
  struct notes {
    std::vector<std::uint64_t> seen;
    std::vector<const event*> where;
    std::vector<std::uint64_t> lost;
    std::size_t batches = 0;
    bool answers = true;
    caf::typed_response_promise<done> unanswered;

    void note(const event& what) {
      where.push_back(&what);
      if (const auto* progress = std::get_if<indexing_progress>(&what.body))
        seen.push_back(progress->files);
      if (const auto* gap = std::get_if<events_lost>(&what.body)) {
        EXPECT_TRUE(what.library.is_nil());
        seen.push_back(0);
        lost.push_back(gap->count);
      }
    }
  };

  const library_id photos{{1}};
  const library_id music{{2}};
  event_bus_actor bus = spawn(event_bus, event_settings{limit});

  event_subscriber probe(notes& into) {
    auto actor = spawn([&into](caf::event_based_actor* self) -> caf::behavior {
      return {[&into, self](const event_batch& batch) -> caf::result<done> {
                ++into.batches;
                for (const auto& each : batch.list)
                  into.note(*each);
                if (into.answers)
                  return done{};
                into.unanswered = self->make_response_promise<done>();
                return into.unanswered;
              },
              [](caf::typed_response_promise<done>& late) {
                late.deliver(done{});
              }};
    });
    return caf::actor_cast<event_subscriber>(actor);
  }

  /// Answers what was held back; by the subscriber, as CAF wants it.
  void answer(const event_subscriber& subscriber,
              caf::typed_response_promise<done> held) {
    caf::anon_send(caf::actor_cast<caf::actor>(subscriber), std::move(held));
    run();
  }

  void publish(std::uint64_t number, library_id library) {
    indexing_progress body;
    body.files = number;
    caf::anon_send(bus, event{library, body});
  }

  void publish(std::uint64_t number) {
    publish(number, photos);
  }

  notes first;
  notes second;
};

using numbers = std::vector<std::uint64_t>;

TEST_F(event_bus_test, events_arrive_in_the_order_of_publication) {
  tell(bus, subscribe{probe(first), {}});
  for (std::uint64_t i = 1; i <= limit; ++i)
    publish(i);
  run();
  EXPECT_EQ(first.seen, (numbers{1, 2, 3, 4}));
  EXPECT_TRUE(first.lost.empty());
}

TEST_F(event_bus_test, an_event_is_not_copied_for_each_subscriber) {
  tell(bus, subscribe{probe(first), {}});
  tell(bus, subscribe{probe(second), {}});
  publish(1);
  run();
  ASSERT_EQ(first.where.size(), 1u);
  EXPECT_EQ(first.where, second.where);
}

TEST_F(event_bus_test, one_batch_at_a_time_is_with_a_subscriber) {
  first.answers = false;
  auto subscriber = probe(first);
  tell(bus, subscribe{subscriber, {}});
  for (std::uint64_t i = 1; i <= 3; ++i)
    publish(i);
  run();
  EXPECT_EQ(first.batches, 1u);
  EXPECT_EQ(first.seen, (numbers{1}));
  answer(subscriber, first.unanswered);
  EXPECT_EQ(first.batches, 2u);
  EXPECT_EQ(first.seen, (numbers{1, 2, 3}));
}

TEST_F(event_bus_test, a_slow_subscriber_stalls_nobody_and_learns_its_loss) {
  first.answers = false;
  auto slow = probe(first);
  tell(bus, subscribe{slow, {}});
  tell(bus, subscribe{probe(second), {}});
  for (std::uint64_t i = 1; i <= 12; ++i) {
    publish(i);
    run();
  }
  EXPECT_EQ(second.seen, (numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_TRUE(second.lost.empty());
  EXPECT_EQ(first.seen, (numbers{1}));

  first.answers = true;
  answer(slow, first.unanswered);
  publish(13);
  run();
  EXPECT_EQ(first.seen, (numbers{1, 2, 3, 4, 5, 0, 13}));
  EXPECT_EQ(first.lost, (numbers{7}));
}

TEST_F(event_bus_test, each_loss_is_reported_where_it_happened) {
  first.answers = false;
  auto subscriber = probe(first);
  tell(bus, subscribe{subscriber, {}});
  for (std::uint64_t i = 1; i <= 6; ++i)
    publish(i);
  run();
  answer(subscriber, first.unanswered);
  for (std::uint64_t i = 7; i <= 12; ++i)
    publish(i);
  run();
  answer(subscriber, first.unanswered);
  EXPECT_EQ(first.seen, (numbers{1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 0}));
  EXPECT_EQ(first.lost, (numbers{1, 2}));
}

TEST_F(event_bus_test, a_filter_lets_only_its_library_through) {
  tell(bus, subscribe{probe(first), music});
  tell(bus, subscribe{probe(second), {}});
  publish(1, photos);
  publish(2, music);
  publish(3, photos);
  run();
  EXPECT_EQ(first.seen, (numbers{2}));
  EXPECT_EQ(second.seen, (numbers{1, 2, 3}));
}

TEST_F(event_bus_test, a_subscriber_gets_only_what_it_wants) {
  const auto even = [](const event& what) {
    return std::get<indexing_progress>(what.body).files % 2 == 0;
  };
  tell(bus, subscribe{probe(first), {}, even});
  tell(bus, subscribe{probe(second), music, even});
  for (std::uint64_t i = 1; i <= 4; ++i)
    publish(i, photos);
  run();
  EXPECT_EQ(first.seen, (numbers{2, 4}));
  EXPECT_TRUE(second.seen.empty());
}

TEST_F(event_bus_test, subscribing_again_changes_the_filter_only) {
  auto subscriber = probe(first);
  tell(bus, subscribe{subscriber, photos});
  tell(bus, subscribe{subscriber, music});
  publish(1, photos);
  publish(2, music);
  run();
  EXPECT_EQ(first.seen, (numbers{2}));
}

TEST_F(event_bus_test, nothing_more_comes_after_unsubscribing) {
  auto subscriber = probe(first);
  tell(bus, subscribe{subscriber, {}});
  publish(1);
  run();
  tell(bus, unsubscribe{subscriber});
  publish(2);
  run();
  EXPECT_EQ(first.seen, (numbers{1}));
}

TEST_F(event_bus_test, an_old_answer_gives_no_credit_to_a_new_subscription) {
  first.answers = false;
  auto subscriber = probe(first);
  tell(bus, subscribe{subscriber, {}});
  publish(1);
  run();
  auto old = first.unanswered;
  tell(bus, unsubscribe{subscriber});
  tell(bus, subscribe{subscriber, {}});
  publish(2);
  run();
  publish(3);
  answer(subscriber, old);
  EXPECT_EQ(first.seen, (numbers{1, 2}));
}

TEST_F(event_bus_test, a_dead_subscriber_is_dropped_and_the_others_go_on) {
  first.answers = false;
  auto subscriber = probe(first);
  tell(bus, subscribe{subscriber, {}});
  tell(bus, subscribe{probe(second), {}});
  publish(1);
  run();
  kill(subscriber);
  publish(2);
  publish(3);
  run();
  EXPECT_EQ(first.seen, (numbers{1}));
  EXPECT_EQ(second.seen, (numbers{1, 2, 3}));
}

TEST_F(event_bus_test, a_callback_that_throws_keeps_getting_events) {
  own(spawn_callback_subscriber(system(), simulated_environment(), bus, {},
                                [this](const event& what) {
                                  first.note(what);
                                  if (first.seen.size() == 1)
                                    throw std::runtime_error{"not today"};
                                }));
  run();
  publish(1);
  publish(2);
  run();
  EXPECT_EQ(first.seen, (numbers{1, 2}));
}

TEST_F(event_bus_test, a_callback_ends_with_the_bus) {
  auto subscriber = spawn_callback_subscriber(system(), simulated_environment(),
                                              bus, {}, [](const event&) {});
  run();
  kill(bus);
  run();
  auto answer = ask<done>(subscriber, event_batch{});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::closed);
}

TEST(callback_subscriber_test, a_callback_that_blocks_delays_nobody) {
  caf::actor_system_config config;
  config.set("logger.console", caf::atom("none"));
  caf::actor_system system{config};
  std::promise<void> gate;
  std::promise<void> third_seen;
  {
    auto bus = system.spawn(event_bus, event_settings{limit});
    // Whoever has subscribed gets what is published from then on, also when
    // the thread of the subscriber is late to start.
    spawn_callback_subscriber(
      system, {}, bus, {},
      [open = gate.get_future().share()](const event&) { open.wait(); });
    spawn_callback_subscriber(
      system, {}, bus, {}, [&third_seen](const event& what) {
        if (std::get<indexing_progress>(what.body).files == 3)
          third_seen.set_value();
      });
    caf::scoped_actor self{system};
    for (std::uint64_t i = 1; i <= 3; ++i) {
      indexing_progress body;
      body.files = i;
      self->send(bus, event{library_id{{1}}, body});
    }
    EXPECT_EQ(third_seen.get_future().wait_for(std::chrono::seconds{30}),
              std::future_status::ready);
    gate.set_value();
    self->send_exit(bus, caf::exit_reason::user_shutdown);
  }
}

} // namespace
} // namespace lockstep
