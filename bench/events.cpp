#include "bench/cases.hpp"

#include "actors/callback_subscriber.hpp"
#include "apps/embedded/parts.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <deque>
#include <latch>
#include <memory>

namespace lockstep::bench {

namespace {

constexpr std::size_t subscribers = 10;
/// Two of these are under way at most, so that no queue runs over: that would
/// cost less than a delivery.
constexpr std::size_t portion = event_settings{}.queue_limit / 2;

/// Events that each subscriber gets, and who has got how many.
class run_of_events {
public:
  explicit run_of_events(std::size_t count) {
    for (std::size_t i = 0; i < count / portion; ++i)
      portions_.emplace_back(static_cast<std::ptrdiff_t>(subscribers));
  }

  /// What one subscriber does with an event.
  [[nodiscard]] event_callback callback() {
    return [this, seen = std::size_t{0}](const event& what) mutable {
      if (std::holds_alternative<events_lost>(what.body)) {
        std::fprintf(stderr, "lockstep-bench: events were lost\n");
        std::exit(1);
      }
      if (++seen % portion == 0)
        portions_[seen / portion - 1].count_down();
    };
  }

  /// Hands all of them to `publish`, until everybody has them: how many a
  /// second.
  template <class Publish> double publish_with(Publish publish) {
    entries_applied body;
    body.list = std::make_shared<const std::vector<entry>>(1);
    const event what{library_id{{1}}, body};
    const stopwatch watch;
    for (std::size_t at = 0; at < portions_.size(); ++at) {
      if (at >= 2)
        portions_[at - 2].wait();
      for (std::size_t i = 0; i < portion; ++i)
        publish(what);
    }
    for (auto& one : portions_)
      one.wait();
    return static_cast<double>(portions_.size() * portion) / watch.seconds();
  }

private:
  std::deque<std::latch> portions_;
};

void end(caf::actor_system& system, caf::actor one) {
  caf::scoped_actor self{system};
  caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  self->wait_for(one);
}

/// As a host subscribes: each callback on a thread of its own.
double through_bus(caf::actor_system& system, std::size_t count) {
  run_of_events run{count};
  auto bus = system.spawn(event_bus, event_settings{});
  std::vector<event_subscriber> all;
  for (std::size_t i = 0; i < subscribers; ++i)
    all.push_back(
      spawn_callback_subscriber(system, {}, bus, {}, run.callback()));
  const auto rate
    = run.publish_with([&](const event& what) { caf::anon_send(bus, what); });
  for (auto& one : all)
    end(system, caf::actor_cast<caf::actor>(std::exchange(one, nullptr)));
  end(system, caf::actor_cast<caf::actor>(std::exchange(bus, nullptr)));
  return rate;
}

/// What one writes with CAF alone: an actor that sends each event on to the
/// others, which have threads of their own, too. Nothing bounds their
/// mailboxes.
double through_messages(caf::actor_system& system, std::size_t count) {
  run_of_events run{count};
  std::vector<caf::actor> all;
  for (std::size_t i = 0; i < subscribers; ++i)
    all.push_back(system.spawn<caf::detached>(
      [callback = run.callback()](caf::event_based_actor*) {
        return caf::behavior{[callback](const event& what) {
          callback(what);
        }};
      }));
  auto bus = system.spawn([all](caf::event_based_actor* self) {
    return caf::behavior{[all, self](const event& what) {
      for (const auto& one : all)
        self->send(one, what);
    }};
  });
  const auto rate
    = run.publish_with([&](const event& what) { caf::anon_send(bus, what); });
  end(system, std::exchange(bus, nullptr));
  for (auto& one : all)
    end(system, std::exchange(one, nullptr));
  return rate;
}

} // namespace

std::vector<measurement> measure_events(const extent& how) {
  runtime shared;
  auto& system = runtime_access::system(shared);
  const auto count = how.of(1'000'000);
  std::vector<double> ours;
  std::vector<double> plain;
  for (int turn = 0; turn < 3; ++turn) {
    plain.push_back(through_messages(system, count / 20));
    ours.push_back(through_bus(system, count));
  }
  const auto published = median(ours);
  const auto each = static_cast<double>(subscribers);
  return {{"events delivered, to 10 subscribers in all", "events/s",
           published * each, "a CAF message for each", median(plain) * each,
           goal{goal::kind::at_least, 1'000'000, false}},
          {"the same, events published", "events/s", published,
           "a CAF message for each", median(plain)}};
}

} // namespace lockstep::bench
