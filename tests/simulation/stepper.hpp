#pragma once

#include "tests/simulation/trace.hpp"
#include "tests/support/virtual_time.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/resumable.hpp>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <typeindex>
#include <vector>

namespace lockstep::simulation {

/// Whose an actor is: the number of a device, or nobody's.
using owner = int;
inline constexpr owner nobody = -1;

/// Runs actors in an order drawn from a seed, and knows which device each
/// belongs to: an actor belongs to whom its maker belonged.
class stepper : public virtual_time {
public:
  explicit stepper(std::uint64_t seed) : random_(seed) {
  }

  /// Below `limit`, the same for a seed on every machine.
  std::uint64_t draw(std::uint64_t limit) {
    return random_() % limit;
  }
  bool one_in(std::uint64_t chances) {
    return draw(chances) == 0;
  }

  /// What happens before an actor takes a message; told whose it is.
  std::function<void(owner, caf::mailbox_element&)> before_step;
  /// What happens after each message; told whose actor took it.
  std::function<void(owner)> after_step;
  std::function<std::string(owner)> name_of;

  /// Lets time pass; what is due runs.
  void run_for(duration time);
  /// The same until `over` says so; whether it did in that time.
  bool run_until(const std::function<bool()>& over, duration time);

  /// What is spawned meanwhile belongs to this device.
  template <class F> auto as(owner whose, F work) {
    const auto before = std::exchange(running_, whose);
    const auto first = system().latest_actor_id();
    auto made = work();
    note_new(first);
    running_ = before;
    return made;
  }

  /// None of a frozen device's actors runs.
  void set_frozen(owner whose, bool frozen);
  [[nodiscard]] bool is_frozen(owner whose) const {
    return frozen_.contains(whose);
  }

  /// Ends all actors of a device; nobody else runs meanwhile.
  void kill_all(owner whose);

  [[nodiscard]] duration elapsed() {
    return now() - begin_;
  }

  /// The device whose actor runs now.
  [[nodiscard]] owner running() const {
    return running_;
  }

  /// How many messages of this type were taken.
  [[nodiscard]] std::uint64_t taken(std::type_index kind) const {
    const auto found = taken_.find(kind);
    return found == taken_.end() ? 0 : found->second;
  }

  [[nodiscard]] std::uint64_t steps() const {
    return steps_;
  }

  trace story;

private:
  bool step(time_point end);
  bool run_one_of(owner whose);
  void run(std::size_t job);
  owner owner_of(const caf::resumable* job) const;
  void note_new(caf::actor_id before);

  std::mt19937_64 random_;
  time_point begin_ = now();
  owner running_ = nobody;
  std::uint64_t steps_ = 0;
  std::set<owner> frozen_;
  /// By actor id.
  std::vector<owner> owners_;
  std::map<owner, std::map<caf::actor_id, caf::weak_actor_ptr>> actors_;
  std::map<std::type_index, std::uint64_t> taken_;
};

} // namespace lockstep::simulation
