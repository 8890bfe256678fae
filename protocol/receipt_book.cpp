#include "protocol/receipt_book.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

void receipt_book::open(device_sequence_number first,
                        device_sequence_number last, receipt_state wait_for,
                        ticket to) {
  auto [found, is_new] = commits_.try_emplace(last);
  auto& what = found->second;
  if (is_new) {
    what.state.device = own_;
    what.state.first = first;
    what.state.last = last;
    what.unsettled = last.value - first.value + 1;
  }
  what.waiters.push_back({wait_for, to});
  answer_waiters(what);
  forget_oldest();
}

void receipt_book::forget_oldest() {
  while (commits_.size() > remembered_ && !stable_commits_.empty()) {
    commits_.erase(stable_commits_.front());
    stable_commits_.pop_front();
  }
  // While a member is away nothing becomes stable; what is sequenced and for
  // which nobody waits can be told from the log as well.
  for (auto at = not_stable_.begin();
       commits_.size() > remembered_ && at != not_stable_.end();) {
    const auto& what = commits_.at(at->second);
    if (what.unsettled == 0 && what.waiters.empty() && is_held(what)) {
      commits_.erase(at->second);
      at = not_stable_.erase(at);
    } else {
      ++at;
    }
  }
}

bool receipt_book::is_held(const commit& what) const {
  return mode_ == consistency::available || !(held_ < what.closes);
}

void receipt_book::settle(device_sequence_number number,
                          sequence_number sequence, bool lost,
                          sequence_number closes) {
  auto found = commits_.lower_bound(number);
  if (found == commits_.end() || number < found->second.state.first)
    return;
  auto& what = found->second;
  if (what.state.state == receipt_state::stable)
    return;
  not_stable_.erase({what.at, what.state.last});
  what.closes = std::max({what.closes, closes, sequence});
  if (settled_.insert(own_, number)) {
    --what.unsettled;
    what.at = std::max(what.at, sequence);
    if (lost)
      ++what.state.conflicts;
  } else if (number == what.state.last) {
    what.at = sequence;
    what.closes = std::max(closes, sequence);
  }
  advance(what);
}

void receipt_book::renumber(device_sequence_number first, std::uint64_t by) {
  std::vector<commit> moved;
  for (auto at = commits_.lower_bound(first); at != commits_.end();) {
    if (at->second.unsettled == 0) {
      ++at;
      continue;
    }
    moved.push_back(std::move(at->second));
    at = commits_.erase(at);
  }
  for (auto& what : moved) {
    what.state.first = what.state.first + by;
    what.state.last = what.state.last + by;
    commits_.emplace(what.state.last, std::move(what));
  }
}

std::vector<device_sequence_number>
receipt_book::cut_after(sequence_number keep) {
  std::vector<device_sequence_number> cut;
  auto at = not_stable_.lower_bound({keep + 1, device_sequence_number{}});
  while (at != not_stable_.end()) {
    auto& what = commits_.at(at->second);
    auto& state = what.state;
    for (auto number = state.first; !(state.last < number);
         number = number + 1) {
      settled_.erase(own_, number);
      cut.push_back(number);
    }
    what.unsettled = state.last.value - state.first.value + 1;
    state.state = receipt_state::local;
    state.sequence = {};
    state.conflicts = 0;
    what.at = what.closes = {};
    at = not_stable_.erase(at);
  }
  return cut;
}

void receipt_book::set_stable(sequence_number stable, std::uint32_t members) {
  stable_ = std::max(stable_, stable);
  members_ = std::max(members, 1U);
  while (!not_stable_.empty() && !(stable_ < not_stable_.begin()->first)) {
    auto& what = commits_.at(not_stable_.begin()->second);
    not_stable_.erase(not_stable_.begin());
    advance(what);
  }
}

void receipt_book::set_held(sequence_number held, std::uint32_t holders) {
  if (!(held_ < held))
    return;
  held_ = held;
  holders_ = holders;
  const auto end
    = not_stable_.lower_bound({held + 1, device_sequence_number{}});
  for (auto at = not_stable_.begin(); at != end; ++at)
    if (auto& what = commits_.at(at->second);
        what.state.state == receipt_state::local)
      advance(what);
}

void receipt_book::advance(commit& what) {
  if (what.unsettled != 0)
    return;
  auto& state = what.state;
  if (stable_ < what.at) {
    not_stable_.emplace(what.at, state.last);
    if (!is_held(what))
      return;
    state.state = receipt_state::sequenced;
    state.sequence = what.at;
    state.holders = std::max(state.holders, holders_);
  } else {
    state.state = receipt_state::stable;
    state.sequence = what.at;
    state.holders = members_;
    stable_commits_.push_back(state.last);
  }
  answer_waiters(what);
}

void receipt_book::answer_waiters(commit& what) {
  std::erase_if(what.waiters, [&](const waiter& waiting) {
    if (what.state.state < waiting.wait_for)
      return false;
    answers_.push_back({waiting.to, what.state});
    return true;
  });
}

std::optional<receipt> receipt_book::find(device_sequence_number last) const {
  auto found = commits_.find(last);
  if (found == commits_.end())
    return std::nullopt;
  return found->second.state;
}

std::vector<receipt_book::answer> receipt_book::take_answers() {
  return std::exchange(answers_, {});
}

} // namespace lockstep
