#include "actors/shared_threads.hpp"

#include "actors/message_types.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <tuple>

namespace lockstep {

struct task;

/// Does what it is told.
using runner = caf::typed_actor<caf::reacts_to<task>>;

struct task {
  std::function<void(runner::pointer)> run;
};

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(task)

namespace lockstep {
namespace {

struct runner_state {
  static inline const char* name = "runner";
};

runner::behavior_type run_tasks(runner::stateful_pointer<runner_state> self) {
  return {[self](const task& what) {
    what.run(self);
  }};
}

/// Something that happens on another thread.
class happening {
public:
  void now() const {
    told_->set_value(std::this_thread::get_id());
  }
  /// False where it does not happen.
  [[nodiscard]] bool is_awaited() const {
    return heard_.wait_for(std::chrono::seconds{20})
           == std::future_status::ready;
  }
  [[nodiscard]] std::thread::id where() const {
    return heard_.get();
  }

private:
  std::shared_ptr<std::promise<std::thread::id>> told_
    = std::make_shared<std::promise<std::thread::id>>();
  std::shared_future<std::thread::id> heard_ = told_->get_future().share();
};

/// Two actors on shared threads, and one of a pool that has one thread.
struct shared_threads_test : ::testing::Test {
  using manner = shared_threads::manner;

  shared_threads_test() {
    config.set("scheduler.max-threads", 1);
    system.emplace(config);
    const auto threads = std::make_shared<shared_threads>(*system);
    first = spawn_sharing(*system, {}, threads, manner::goes_on, run_tasks);
    second = spawn_sharing(*system, {}, threads, manner::hands_over, run_tasks);
    pooled = system->spawn(run_tasks);
  }

  ~shared_threads_test() override {
    first = second = pooled = nullptr;
  }

  static task noting(const happening& what) {
    return {[what](runner::pointer) {
      what.now();
    }};
  }

  caf::actor_system_config config;
  std::optional<caf::actor_system> system;
  runner first;
  runner second;
  runner pooled;
};

TEST_F(shared_threads_test, an_actor_runs_while_another_one_goes_on) {
  const happening done;
  const happening seen;
  caf::anon_send(first, task{[=, this](runner::pointer self) {
                   self->send(second, noting(done));
                   if (done.is_awaited())
                     seen.now();
                 }});
  EXPECT_TRUE(seen.is_awaited());
}

TEST_F(shared_threads_test, the_pool_runs_what_is_told_by_one_that_goes_on) {
  const happening done;
  const happening seen;
  caf::anon_send(first, task{[=, this](runner::pointer self) {
                   self->send(pooled, noting(done));
                   if (done.is_awaited())
                     seen.now();
                 }});
  EXPECT_TRUE(seen.is_awaited());
  EXPECT_NE(done.where(), seen.where());
}

TEST_F(shared_threads_test, whom_it_hands_over_to_runs_without_the_pool) {
  const happening done;
  const happening held;
  auto busy = system->spawn(run_tasks);
  caf::anon_send(busy, task{[=](runner::pointer) {
                   std::ignore = held.is_awaited();
                 }});
  caf::anon_send(second, task{[=, this](runner::pointer self) {
                   self->send(pooled, task{[=, this](runner::pointer guest) {
                                guest->send(first, noting(done));
                              }});
                 }});
  EXPECT_TRUE(done.is_awaited());
  held.now();
}

TEST_F(shared_threads_test, nobody_waits_for_the_next_message_of_who_told_it) {
  const happening done;
  const happening also_done;
  const happening seen;
  caf::anon_send(first, task{[=, this](runner::pointer self) {
                   // It comes before what waits in `first` by then.
                   self->send(runner{self}, task{[=](runner::pointer) {
                                if (done.is_awaited() && also_done.is_awaited())
                                  seen.now();
                              }});
                   const handing_over now;
                   self->send(pooled, noting(done));
                   self->send(second, noting(also_done));
                 }});
  EXPECT_TRUE(seen.is_awaited());
}

TEST_F(shared_threads_test,
       the_pool_is_not_kept_out_while_all_threads_are_busy) {
  const happening done;
  const happening seen;
  const happening held;
  caf::anon_send(first, task{[=](runner::pointer) {
                   std::ignore = held.is_awaited();
                 }});
  caf::anon_send(second, task{[=, this](runner::pointer self) {
                   self->send(runner{self}, task{[=](runner::pointer) {
                                if (done.is_awaited())
                                  seen.now();
                              }});
                   const handing_over now;
                   self->send(pooled, noting(done));
                 }});
  EXPECT_TRUE(seen.is_awaited());
  held.now();
}

TEST_F(shared_threads_test, what_takes_its_time_keeps_nobody_waiting) {
  const happening done;
  const happening seen;
  caf::anon_send(first, task{[=, this](runner::pointer self) {
                   const handing_over now;
                   const handing_over takes_its_time{false};
                   self->send(second, noting(done));
                   if (done.is_awaited())
                     seen.now();
                 }});
  EXPECT_TRUE(seen.is_awaited());
}

TEST_F(shared_threads_test, an_actor_that_ends_takes_one_thread_with_it) {
  caf::anon_send_exit(second, caf::exit_reason::user_shutdown);
  second = nullptr;
  const happening done;
  caf::anon_send(first, noting(done));
  EXPECT_TRUE(done.is_awaited());
}

} // namespace
} // namespace lockstep
