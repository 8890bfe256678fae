#include "protocol/quorum.hpp"

#include <utility>

namespace lockstep {

void quorum::set_members(const std::vector<member>& members,
                         std::optional<sequence_number> said_at) {
  if (!said_at)
    return;
  const auto at = *said_at;
  list now{{}, at};
  for (const auto& each : members)
    if (!each.removed && !each.given_back)
      now.members.insert(each.device);
  // The log was cut.
  while (!lists_.empty() && at < lists_.back().at)
    lists_.pop_back();
  if (lists_.empty())
    lists_.push_back(std::move(now));
  else if (lists_.back().members == now.members)
    return;
  else if (lists_.back().at == at || lists_.back().members.empty())
    // Before a library names anybody there is nobody to ask.
    lists_.back() = std::move(now);
  else
    lists_.push_back(std::move(now));
  settle(settled_);
}

void quorum::settle(sequence_number through) {
  settled_ = std::max(settled_, through);
  while (lists_.size() > 1 && !(settled_ < lists_[1].at))
    lists_.erase(lists_.begin());
}

bool quorum::is_majority(const std::function<bool(device_id)>& counts) const {
  return reached<int>([&](device_id device) { return counts(device) ? 1 : 0; })
         != 0;
}

} // namespace lockstep
