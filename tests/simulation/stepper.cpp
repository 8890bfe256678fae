#include "tests/simulation/stepper.hpp"

#include <caf/scheduled_actor.hpp>

#include <algorithm>

namespace lockstep::simulation {

namespace {

const caf::scheduled_actor& actor_of(const caf::resumable* job) {
  return dynamic_cast<const caf::scheduled_actor&>(*job);
}

} // namespace

void stepper::note_new(caf::actor_id before) {
  const auto last = system().latest_actor_id();
  owners_.resize(std::max<std::size_t>(owners_.size(), last + 1), nobody);
  for (auto id = before + 1; id <= last; ++id)
    owners_[id] = running_;
}

owner stepper::owner_of(const caf::resumable* job) const {
  const auto id = actor_of(job).id();
  return id < owners_.size() ? owners_[id] : nobody;
}

void stepper::run(std::size_t job) {
  auto& jobs = scheduler().jobs;
  const auto at = jobs.begin() + static_cast<std::ptrdiff_t>(job);
  std::rotate(jobs.begin(), at, at + 1);
  auto& actor = dynamic_cast<caf::scheduled_actor&>(*jobs.front());
  const auto whose = owner_of(jobs.front());
  if (whose != nobody)
    actors_[whose].try_emplace(actor.id(), actor.ctrl());
  const std::type_info* kind = nullptr;
  if (auto* next = actor.mailbox().peek();
      next != nullptr && !next->content().empty()) {
    kind = next->content().type(0).second;
    if (before_step)
      before_step(whose, *next);
  }
  if (kind != nullptr)
    ++taken_[*kind];
  story.step(elapsed(), whose == nobody ? "-" : name_of(whose), actor.name(),
             kind);
  ++steps_;
  running_ = whose;
  const auto before = system().latest_actor_id();
  scheduler().try_run_once();
  note_new(before);
  running_ = nobody;
}

bool stepper::step(time_point end) {
  auto& jobs = scheduler().jobs;
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (frozen_.empty() || !frozen_.contains(owner_of(jobs[i])))
      ready.push_back(i);
  if (ready.empty())
    return step_to_timer(end);
  const auto job = ready[draw(ready.size())];
  const auto whose = owner_of(jobs[job]);
  run(job);
  if (after_step)
    after_step(whose);
  return true;
}

void stepper::run_for(duration time) {
  run_until([] { return false; }, time);
}

bool stepper::run_until(const std::function<bool()>& over, duration time) {
  const auto end = now() + time;
  while (!over())
    if (!step(end)) {
      clock().current_time = std::max(now(), end);
      return over();
    }
  return true;
}

void stepper::set_frozen(owner whose, bool frozen) {
  if (frozen)
    frozen_.insert(whose);
  else
    frozen_.erase(whose);
}

bool stepper::run_one_of(owner whose) {
  const auto& jobs = scheduler().jobs;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (owner_of(jobs[i]) == whose) {
      run(i);
      return true;
    }
  return false;
}

void stepper::kill_all(owner whose) {
  for (const auto* job : scheduler().jobs)
    if (owner_of(job) == whose) {
      const auto& actor = actor_of(job);
      actors_[whose].try_emplace(actor.id(), actor.ctrl());
    }
  running_ = whose;
  const auto all = std::exchange(actors_[whose], {});
  // One that waits for an answer gets it after the first, and does not come
  // back to what was urgent before.
  for (int times = 0; times < 2; ++times) {
    for (const auto& [id, weak] : all)
      if (auto actor = weak.lock())
        kill(actor);
    while (run_one_of(whose)) {}
  }
  running_ = nobody;
}

} // namespace lockstep::simulation
