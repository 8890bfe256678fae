#include "protocol/member_silence.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

namespace {

using std::chrono::milliseconds;

/// `later - earlier`, from zero to `most`, whatever the clocks say.
milliseconds between(wall_time earlier, wall_time later, milliseconds most) {
  if (later <= earlier)
    return {};
  // Written so that no difference overflows.
  return earlier + most < later ? most : later - earlier;
}

} // namespace

member_silence::member_silence(device_id own, milliseconds limit,
                               const std::vector<member_progress>& kept,
                               wall_time wall, milliseconds uptime)
  : own_(own), limit_(limit), uptime_(uptime), kept_at_(uptime) {
  const auto mine = std::ranges::find(kept, own, &member_progress::device);
  if (mine == kept.end())
    return;
  // When this device last said so, on the clock that it had then.
  const auto then = mine->last_contact;
  const auto away = between(then, wall, limit_ / 4);
  for (const auto& one : kept) {
    if (one.device == own)
      continue;
    const auto before = between(one.last_contact, then, limit_ * 2);
    kept_silence_ = kept_silence_ || before != milliseconds{};
    silent_[one.device] = before + away;
  }
}

void member_silence::set_members(const std::set<device_id>& members) {
  std::erase_if(silent_,
                [&](const auto& one) { return !members.contains(one.first); });
  for (const auto device : members)
    silent_.try_emplace(device);
}

bool member_silence::hear(device_id device) {
  const auto found = silent_.find(device);
  if (found == silent_.end())
    return false;
  return limit_ < std::exchange(found->second, milliseconds{});
}

void member_silence::pass(milliseconds uptime,
                          const std::set<device_id>& connected) {
  const auto passed = std::max(uptime - uptime_, milliseconds{});
  uptime_ = uptime;
  for (auto& [device, silent] : silent_)
    silent = connected.contains(device) ? milliseconds{}
                                        : std::min(silent + passed, limit_ * 2);
}

std::set<device_id> member_silence::stale() const {
  std::set<device_id> list;
  if (limit_ == milliseconds{})
    return list;
  for (const auto& [device, silent] : silent_)
    if (limit_ < silent)
      list.insert(device);
  return list;
}

milliseconds member_silence::pause() const {
  return std::clamp(limit_ / 20, milliseconds{100}, milliseconds{3'600'000});
}

std::vector<member_progress> member_silence::to_keep(wall_time wall) {
  const bool any_silent = std::ranges::any_of(
    silent_, [](const auto& one) { return one.second != milliseconds{}; });
  if (!any_silent && !kept_silence_ && uptime_ - kept_at_ < limit_ / 20)
    return {};
  kept_silence_ = any_silent;
  kept_at_ = uptime_;
  std::vector<member_progress> list{{own_, {}, wall}};
  for (const auto& [device, silent] : silent_)
    list.push_back({device, {}, wall - silent});
  return list;
}

} // namespace lockstep
