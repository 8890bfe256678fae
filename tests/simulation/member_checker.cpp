#include "tests/simulation/member_checker.hpp"

#include "messages/peer_messages.hpp"
#include "tests/simulation/message_content.hpp"
#include "tests/simulation/table_checker.hpp"
#include "transport/codec.hpp"
#include "transport/frames.hpp"

#include <algorithm>

namespace lockstep::simulation {

namespace {

/// Nothing of the library is in these frames but that the other is no member.
bool only_turns_away(const std::vector<bytes>& frames) {
  frame_assembler assembler;
  for (const auto& frame : frames) {
    const auto messages = assembler.feed(frame);
    if (!messages)
      return false;
    for (const auto& message : *messages)
      if (const auto said = decode(message);
          !said || !std::holds_alternative<not_member>(said->message))
        return false;
  }
  return true;
}

} // namespace

void member_checker::suspect(const device& which, std::string what) {
  const auto now = world_.run.elapsed();
  const auto told = told_.find(&which);
  if (told == told_.end() || told->second != now)
    suspicions_.push_back({&which, now, std::move(what)});
}

void member_checker::judge() {
  if (suspicions_.empty() || suspicions_.front().at == world_.run.elapsed())
    return;
  result_.fail(suspicions_.front().what);
  suspicions_.clear();
}

void member_checker::before_carry(caf::mailbox_element& next) {
  judge();
  const auto* said = content_of<carry_frames>(next);
  if (said == nullptr)
    return;
  if (only_turns_away(*said->frames))
    return;
  const auto from = std::ranges::find(world_.devices, said->from, &device::id);
  if (from != world_.devices.end() && from->up && !may_talk(*from, said->to))
    suspect(*from, "P9: " + from->name + " speaks about the library to "
                     + to_string(said->to) + ", which is no member");
}

void member_checker::before_step(device& which, caf::mailbox_element& next) {
  judge();
  if (content_of<set_library_members>(next) != nullptr) {
    told_[&which] = world_.run.elapsed();
    std::erase_if(suspicions_,
                  [&](const suspicion& one) { return one.which == &which; });
    return;
  }
  if (const auto* frames = content_of<received_frames>(next)) {
    if (which.shared.library && !may_talk(which, frames->from))
      ++unheard;
    return;
  }
  const auto* said = content_of<from_peer>(next);
  if (said == nullptr)
    return;
  if (!may_talk(which, said->device))
    suspect(which, "P9: " + which.name + " listens to "
                     + to_string(said->device) + ", which is no member");
  if (const auto* wish = std::get_if<propose>(&said->message);
      wish != nullptr && wish->follows)
    ++pieces;
}

bool member_checker::may_talk(device& which, device_id with) {
  const auto* said = logs_.membership_of(which, with);
  if (said == nullptr ? with == which.joined_from : !said->removed)
    return true;
  // Its actors tell each other at the same moment.
  const auto now = world_.run.elapsed();
  if (logs_.members_changed(which) == now || which.woken == now)
    return true;
  if (said == nullptr)
    return was_named_before(world_, which, with);
  const auto tables = read_state(world_, which);
  return !tables || tables->applied < said->at.value;
}

} // namespace lockstep::simulation
