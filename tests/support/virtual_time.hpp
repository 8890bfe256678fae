#pragma once

#include "actors/environment.hpp"
#include "actors/errors.hpp"
#include "messages/clock.hpp"
#include "messages/errors.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace lockstep {

/// Actors in virtual time, in one thread: nothing runs and no time passes
/// unless its owner says so.
class virtual_time {
public:
  using test_clock = caf::detail::test_actor_clock;

  virtual_time()
    : system_(prepare(config_)),
      scheduler_(
        dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())) {
    clock().current_time = start;
  }

  virtual_time(const virtual_time&) = delete;
  virtual_time& operator=(const virtual_time&) = delete;

  ~virtual_time() {
    finish();
  }

  caf::actor_system& system() {
    return system_;
  }

  caf::scheduler::test_coordinator& scheduler() {
    return scheduler_;
  }

  test_clock& clock() {
    return scheduler_.clock();
  }

  /// The virtual time.
  time_point now() {
    return clock().now();
  }

  /// How a device is spawned here. Its wall clock starts on 1 January 2026 and
  /// is off by `skew`.
  static environment simulated_environment(std::uint64_t seed = 0,
                                           duration skew = duration::zero()) {
    environment result;
    result.simulated = true;
    result.seed = seed;
    result.uptime = [](time_point at) {
      return std::chrono::floor<std::chrono::milliseconds>(at - start);
    };
    result.wall = [skew](time_point at) {
      const std::chrono::sys_days epoch{std::chrono::year{2026} / 1 / 1};
      return std::chrono::floor<std::chrono::milliseconds>(epoch + (at - start)
                                                           + skew);
    };
    return result;
  }

  /// Kills this actor at teardown. Everything that a test spawns is registered
  /// so, except what its parent takes along.
  template <class Handle> Handle own(Handle handle) {
    owned_.push_back(caf::actor_cast<caf::strong_actor_ptr>(handle));
    return handle;
  }

  /// Spawns and owns.
  template <class F, class... Args> auto spawn(F&& behavior, Args&&... args) {
    return own(
      system_.spawn(std::forward<F>(behavior), std::forward<Args>(args)...));
  }

  /// Runs until no actor has a message; time stands still.
  void run() {
    while (scheduler_.try_run_once()) {}
  }

  /// Lets time pass, from one timer to the next, and runs what they wake.
  void advance(duration time) {
    const auto end = now() + time;
    run();
    while (step_to_timer(end))
      run();
    clock().current_time = end;
  }

  /// Sends without waiting for an answer, and runs.
  template <class Handle, class... Args>
  void tell(const Handle& receiver, Args&&... message) {
    caf::anon_send(receiver, std::forward<Args>(message)...);
    run();
  }

  /// Sends a request; the answer is in `*result` once it came, so that a test
  /// can look in between.
  template <class T, class Handle, class... Args>
  std::shared_ptr<std::optional<expected<T>>> request(const Handle& receiver,
                                                      Args... message) {
    auto answer = std::make_shared<std::optional<expected<T>>>();
    spawn([=](caf::event_based_actor* self) {
      self->request(receiver, caf::infinite, message...)
        .then([answer](T& value) { *answer = std::move(value); },
              [answer](caf::error& error) {
                *answer = tl::make_unexpected(to_failure(error));
              });
    });
    return answer;
  }

  /// Sends a request and runs, with time passing where needed, until it is
  /// answered; `timed_out` when nothing came within `patience`.
  template <class T, class Handle, class... Args>
  expected<T> ask(const Handle& receiver, Args... message) {
    auto answer = request<T>(receiver, std::move(message)...);
    const auto end = now() + patience;
    do
      run_while([&] { return !answer->has_value(); });
    while (!answer->has_value() && step_to_timer(end));
    if (!answer->has_value())
      return fail(errc::timed_out, "No answer in the time that a test waits.");
    return std::move(**answer);
  }

  /// Ends an actor at once, without another message of its mailbox.
  template <class Handle> void kill(const Handle& handle) {
    auto target = caf::actor_cast<caf::strong_actor_ptr>(handle);
    if (!target)
      return;
    target->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                    caf::make_message(
                      caf::exit_msg{target->address(), caf::exit_reason::kill}),
                    nullptr);
    if (scheduler_.prioritize(target))
      scheduler_.try_run_once();
  }

  /// Kills what is owned. Returns how many actors are left over, which would
  /// keep the system from ending.
  std::size_t finish() {
    for (auto& actor : std::exchange(owned_, {}))
      kill(actor);
    do {
      run();
      clock().cancel_all();
    } while (scheduler_.has_job());
    const auto left = system_.registry().running();
    if (left != 0)
      system_.await_actors_before_shutdown(false);
    return left;
  }

protected:
  /// Jumps to the next timer, if it is due by `end`.
  bool step_to_timer(time_point end) {
    const auto& timers = clock().schedule();
    if (timers.empty() || timers.begin()->first > end)
      return false;
    const auto due = timers.begin()->first;
    scheduler_.advance_time(due > now() ? due - now() : duration::zero());
    return true;
  }

private:
  static constexpr time_point start{std::chrono::hours{1}};
  static constexpr duration patience = std::chrono::hours{1};

  static caf::actor_system_config& prepare(caf::actor_system_config& config) {
    config.set("scheduler.policy", caf::atom("testing"));
    config.set("logger.console", caf::atom("none"));
    register_errors(config);
    return config;
  }

  template <class Predicate> void run_while(Predicate wanted) {
    while (wanted() && scheduler_.try_run_once()) {}
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  std::vector<caf::strong_actor_ptr> owned_;
};

} // namespace lockstep
