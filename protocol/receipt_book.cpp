#include "protocol/receipt_book.hpp"

#include <algorithm>

namespace lockstep {

void receipt_book::open(device_sequence_number first,
                        device_sequence_number last, receipt_state wait_for,
                        ticket to) {
  auto& what = commits_[last];
  what.state.device = own_;
  what.state.first = first;
  what.state.last = last;
  what.unsettled = last.value - first.value + 1;
  waiters_.push_back({last, wait_for, to});
  // Settled commits leave, oldest first; unsettled ones are as many as the
  // pending queue holds and stay.
  for (auto it = commits_.begin();
       commits_.size() > remembered_ && it != commits_.end();)
    it = it->second.state.state == receipt_state::stable ? commits_.erase(it)
                                                         : std::next(it);
}

void receipt_book::settle(device_sequence_number number,
                          sequence_number sequence, bool lost) {
  auto found = commits_.lower_bound(number);
  if (found == commits_.end() || number < found->second.state.first
      || found->second.unsettled == 0)
    return;
  auto& what = found->second;
  --what.unsettled;
  what.state.sequence = std::max(what.state.sequence, sequence);
  if (lost)
    ++what.state.conflicts;
  advance(what);
}

void receipt_book::set_stable(sequence_number stable, std::uint32_t members) {
  stable_ = stable;
  members_ = members;
  for (auto& [last, what] : commits_)
    advance(what);
}

void receipt_book::advance(commit& what) const {
  if (what.unsettled != 0)
    return;
  auto& state = what.state;
  if (!(stable_ < state.sequence)) {
    state.state = receipt_state::stable;
    state.holders = std::max(members_, 1U);
  } else if (state.state == receipt_state::local) {
    state.state = receipt_state::sequenced;
  }
}

std::optional<receipt>
receipt_book::find(device_sequence_number last) const {
  auto found = commits_.find(last);
  if (found == commits_.end())
    return std::nullopt;
  return found->second.state;
}

std::vector<receipt_book::answer> receipt_book::take_answers() {
  std::vector<answer> list;
  std::erase_if(waiters_, [&](const waiter& waiting) {
    auto found = commits_.find(waiting.last);
    if (found == commits_.end() || found->second.state.state < waiting.wait_for)
      return false;
    list.push_back({waiting.to, found->second.state});
    return true;
  });
  return list;
}

} // namespace lockstep
