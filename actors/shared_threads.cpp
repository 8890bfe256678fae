#include "actors/shared_threads.hpp"

#include <caf/scheduler/abstract_coordinator.hpp>

#include <thread>

namespace lockstep {

namespace {

/// What this thread belongs to, and what the actor on it does.
thread_local const shared_threads* home = nullptr;
thread_local bool hands_over = false;

} // namespace

handing_over::handing_over(bool yes) : before_(std::exchange(hands_over, yes)) {
}

handing_over::~handing_over() {
  hands_over = before_;
}

shared_threads::shared_threads(caf::actor_system& system)
  : caf::execution_unit(&system) {
}

void shared_threads::exec_later(caf::resumable* guest) {
  if (hands_over && home == this)
    add({guest, manner::goes_on, true});
  else
    system().scheduler().enqueue(guest);
}

shared_threads::job shared_threads::next() {
  std::unique_lock lock{mutex_};
  ++idle_;
  changed_.wait(lock, [this] {
    return !waiting_.empty() || !guests_.empty() || places_ < threads_;
  });
  --idle_;
  auto& list = waiting_.empty() ? guests_ : waiting_;
  if (list.empty()) {
    --threads_;
    return {};
  }
  const auto found = list.front();
  list.pop_front();
  // One of these actors may take long, and guests are not to wait for that. To
  // wake one thread for all of them takes less than to give each to the pool.
  std::deque<job> left;
  if (!found.is_guest && idle_ == 0)
    left.swap(guests_);
  const bool others_wait
    = !waiting_.empty() || (!found.is_guest && !guests_.empty());
  lock.unlock();
  for (const auto& guest : left)
    system().scheduler().enqueue(guest.actor);
  if (others_wait)
    changed_.notify_one();
  return found;
}

void shared_threads::run(const job& what) {
  hands_over = what.how == manner::hands_over && !what.is_guest;
  const auto result = what.actor->resume(this, 1);
  hands_over = false;
  if (result != caf::resumable::resume_later)
    caf::intrusive_ptr_release(what.actor);
  else if (what.is_guest)
    system().scheduler().enqueue(what.actor);
  else
    add(what);
}

void shared_threads::add(const job& what) {
  const std::lock_guard lock{mutex_};
  (what.is_guest ? guests_ : waiting_).push_back(what);
}

void shared_threads::run() {
  home = this;
  for (auto what = next(); what.actor != nullptr; what = next())
    run(what);
}

shared_threads::place::place(std::shared_ptr<shared_threads> threads,
                             manner how)
  : caf::execution_unit(&threads->system()), threads_(std::move(threads)),
    how_(how) {
  {
    const std::lock_guard lock{threads_->mutex_};
    ++threads_->places_;
    ++threads_->threads_;
  }
  // As CAF does with the threads of its own detached actors: the system waits
  // for them before it ends.
  system().inc_detached_threads();
  std::thread{[&system = system(), kept = threads_]() mutable {
    system.thread_started();
    kept->run();
    kept.reset();
    system.thread_terminates();
    system.dec_detached_threads();
  }}.detach();
}

shared_threads::place::~place() {
  {
    const std::lock_guard lock{threads_->mutex_};
    --threads_->places_;
  }
  threads_->changed_.notify_all();
}

void shared_threads::place::exec_later(caf::resumable* actor) {
  threads_->add({actor, how_, false});
  if (home != threads_.get() || !hands_over)
    threads_->changed_.notify_one();
}

} // namespace lockstep
