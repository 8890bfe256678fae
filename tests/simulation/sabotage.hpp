#pragma once

#include "tests/simulation/options.hpp"
#include "tests/simulation/world.hpp"

#include <caf/mailbox_element.hpp>

#include <map>
#include <set>
#include <string>

namespace lockstep::simulation {

/// Does to the devices, from outside, what a flaw of the product would: their
/// files are changed while they are down or between two messages, and words
/// are changed on their way. Whatever is done so must be noticed.
class sabotage {
public:
  sabotage(world& where, flaw what) : world_(where), what_(what) {
  }

  /// The disk is there, and nothing runs on it yet.
  void before_start(device& which);
  /// One of the device's actors is about to take this message.
  void before_step(device& which, caf::mailbox_element& next);

  /// How often it was done.
  std::uint64_t times = 0;

private:
  void watch_leadership(device& which, caf::mailbox_element& next);
  void forget_leadership(device& which);
  void hide_newer(device& which, caf::mailbox_element& next);
  void forget_conflict(device& which, caf::mailbox_element& next);
  void count_itself(device& which, caf::mailbox_element& next);
  void let_all_in(caf::mailbox_element& next);
  /// Runs SQL on one of the device's files; returns how many rows changed.
  int edit(device& which, const std::filesystem::path& file,
           const std::string& sql);

  world& world_;
  flaw what_;
  /// What each device stored last of leadership, and before it last claimed.
  std::map<owner, leadership_record> stored_;
  std::map<owner, leadership_record> before_claiming_;
  std::set<owner> forgets_;
  /// Who leads, as each device sees it.
  std::map<owner, leadership_view> views_;
};

} // namespace lockstep::simulation
