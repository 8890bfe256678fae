#pragma once

#include "tests/simulation/log_checker.hpp"
#include "tests/simulation/verdict.hpp"
#include "tests/simulation/world.hpp"

#include <caf/mailbox_element.hpp>

#include <map>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// P9: looks at what goes over the network, and at what a library's actors are
/// told of it. A device speaks about the library only with those that its own
/// log names as members; before its log names it, with the one that let it in.
class member_checker {
public:
  member_checker(world& where, const log_checker& logs, verdict& result)
    : world_(where), logs_(logs), result_(result) {
  }

  /// The network is about to take this message.
  void before_carry(caf::mailbox_element& next);
  /// One of the device's actors is.
  void before_step(device& which, caf::mailbox_element& next);

  /// How much was said by devices that are no members, and not heard.
  std::uint64_t unheard = 0;
  /// How many pieces of large transactions were proposed.
  std::uint64_t pieces = 0;

private:
  /// Something that is wrong, unless the device's actors are still telling each
  /// other who the members are.
  struct suspicion {
    const device* which;
    duration at;
    std::string what;
  };

  void suspect(const device& which, std::string what);
  /// What is suspected of earlier moments is so.
  void judge();
  /// Whether it may speak with the other, as far as its tables know.
  bool may_talk(device& which, device_id with);

  world& world_;
  const log_checker& logs_;
  verdict& result_;
  std::vector<suspicion> suspicions_;
  /// When a device's gateway was last told of members.
  std::map<const device*, duration> told_;
};

} // namespace lockstep::simulation
