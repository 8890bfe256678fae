#include "tests/crash/opened_devices.hpp"

#include <thread>

namespace lockstep {

namespace {

std::string describe(library& of) {
  const auto now = of.status().get();
  if (!now)
    return now.error().message;
  const auto& lead = now->leadership;
  return "head " + to_string(now->head.position.sequence) + ", applied "
         + to_string(now->applied) + ", pending " + std::to_string(now->pending)
         + ", term " + to_string(lead.ballot.term) + ", leader "
         + to_string(lead.leader) + ", members "
         + std::to_string(now->members.size());
}

bool is_settled(const expected<library_status>& now) {
  return now && now->pending == 0
         && now->applied == now->head.position.sequence;
}

} // namespace

opened_devices::opened_devices(const std::filesystem::path& directory,
                               bool with_follower) {
  problem_ = open(directory, with_follower);
}

std::string opened_devices::open(const std::filesystem::path& directory,
                                 bool with_follower) {
  auto a = node::open(shared_, crash_options(directory / "a"));
  if (!a)
    return a.error().message;
  a_ = std::move(*a);
  auto first = open_crash_library(*a_);
  if (!first)
    return first.error().message;
  first_ = *first;
  if (!with_follower)
    return {};
  auto b = node::open(shared_, crash_options(directory / "b"));
  if (!b)
    return b.error().message;
  b_ = std::move(*b);
  auto second = open_crash_library(*b_, *a_, *first_);
  if (!second)
    return second.error().message;
  second_ = *second;
  return {};
}

std::string opened_devices::wait_until_in_step(std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto first = first_->status().get();
    bool in_step
      = is_settled(first) && first->leadership.role != role::candidate;
    if (second_) {
      const auto second = second_->status().get();
      in_step = in_step && is_settled(second) && first->head == second->head
                && first->leadership.ballot == second->leadership.ballot;
    }
    if (in_step)
      return {};
    if (std::chrono::steady_clock::now() >= end)
      return describe(*first_)
             + (second_ ? "; the other: " + describe(*second_) : "");
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

} // namespace lockstep
