#pragma once

#include "actors/environment.hpp"

#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/stateful_actor.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace lockstep {

/// Threads of a few actors that do blocking I/O and ask each other: one for
/// each of them, and each runs whichever has messages, so that none waits for
/// another one's long work. To wake a thread takes longer than most of what
/// such an actor does. So a thread whose actor hands over goes on itself with
/// whom that one has sent something: the one that it asked, then itself again
/// with the answer; and, while there is nothing better to do, with actors of
/// the pool. Where a handler does more after it has sent something, another
/// thread is woken at once. An actor of the pool may outlive the threads that
/// ran it, and must send nothing when its state is destroyed.
class shared_threads : public caf::execution_unit {
public:
  /// What an actor's messages mean for its thread.
  enum class manner {
    goes_on,   ///< A handler may do more after them.
    hands_over ///< They are the last that a handler does.
  };

  explicit shared_threads(caf::actor_system& system);

  /// What each actor holds: there is a thread for it.
  class place : public caf::execution_unit {
  public:
    place(std::shared_ptr<shared_threads> threads, manner how);
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() override;

    /// Any thread: has the actor run.
    void exec_later(caf::resumable* actor) override;

  private:
    std::shared_ptr<shared_threads> threads_;
    manner how_;
  };

  /// On these threads: has an actor of the pool run.
  void exec_later(caf::resumable* guest) override;

private:
  struct job {
    caf::resumable* actor = nullptr;
    manner how = manner::goes_on;
    bool is_guest = false;
  };

  void run();
  /// Lets the actor take one message, so that what it has sent before does not
  /// wait for all that it does.
  void run(const job& what);
  void add(const job& what);
  /// Without an actor when a thread is to end.
  job next();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<job> waiting_;
  std::deque<job> guests_;
  std::size_t places_ = 0;
  std::size_t threads_ = 0;
  /// Those that have nothing to do.
  std::size_t idle_ = 0;
};

/// While it lives, the actor on this thread hands over, for the end of a
/// handler; or, without `yes`, does not, for what may take its time, as a
/// host's function. On other threads than shared ones it means nothing.
class handing_over {
public:
  explicit handing_over(bool yes = true);
  handing_over(const handing_over&) = delete;
  handing_over& operator=(const handing_over&) = delete;
  ~handing_over();

private:
  bool before_;
};

/// An actor with `State` that runs on shared threads.
template <class State, class Base>
class sharing_actor : public caf::stateful_actor<State, Base> {
public:
  using super = caf::stateful_actor<State, Base>;
  using behavior_type = typename Base::behavior_type;
  using function = std::function<behavior_type(super*)>;

  sharing_actor(caf::actor_config& config,
                std::shared_ptr<shared_threads> threads,
                shared_threads::manner how, function begin)
    : super(config), place_(std::move(threads), how), begin_(std::move(begin)) {
  }

  using super::enqueue;

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    super::enqueue(std::move(what), &place_);
  }

  void launch(caf::execution_unit*, bool lazy, bool hide) override {
    super::launch(&place_, lazy, hide);
  }

protected:
  behavior_type make_behavior() override {
    return std::exchange(begin_, nullptr)(this);
  }

private:
  shared_threads::place place_;
  function begin_;
};

/// As spawn_blocking, on threads that several actors share.
template <class Spawner, class State, class Base, class... Params,
          class... Args>
auto spawn_sharing(Spawner& spawner, const environment& env,
                   const std::shared_ptr<shared_threads>& threads,
                   shared_threads::manner how,
                   typename Base::behavior_type (*behavior)(
                     caf::stateful_actor<State, Base>*, Params...),
                   Args... args) {
  using impl = sharing_actor<State, Base>;
  return env.simulated ? spawner.spawn(behavior, std::move(args)...)
                       : spawner.template spawn<impl>(
                         threads, how,
                         typename impl::function{
                           [behavior, ... args = std::move(args)](auto* self) {
                             return behavior(self, args...);
                           }});
}

} // namespace lockstep
