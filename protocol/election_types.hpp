#pragma once

#include "config/settings.hpp"
#include "messages/errors.hpp"
#include "messages/leadership.hpp"
#include "messages/library_requests.hpp"
#include "messages/peer_messages.hpp"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

/// What the leader machine is made from, and what it asks its shell to do.
namespace lockstep {

/// Everything that an election starts from.
struct election_setup {
  leadership_settings settings;
  device_id self;
  /// What the device stored last; `lease_end` is not read, see `lease_until`.
  leadership_record recovered;
  /// When the recovered lease runs out; in the past when it has.
  time_point lease_until;
  std::vector<member> members;
  /// The end of this device's log.
  log_position head;
  /// Seeds the waiting times.
  std::uint64_t seed = 0;
  /// As in `members_changed`.
  std::optional<sequence_number> members_at = sequence_number{};
  /// As in `members_changed`.
  bool is_of_older_copy = false;
  /// Terms up to this one this device may have claimed in an earlier life, of
  /// which it knows nothing any more.
  term_number claimed = {};
};

/// Who leads; `leadership_view` on the machine's clock.
struct election_view {
  lockstep::role role = lockstep::role::follower;
  lockstep::ballot ballot;
  device_id leader; ///< Nil when not known.
  time_point lease_until;
  /// This device leads and nobody answered its last heartbeats.
  bool alone = false;
  /// Nobody leads: this device does not reach the majority that it takes.
  bool lacks_majority = false;
};

/// Names a question that will be answered by an `answer` effect.
using election_request = std::uint64_t;

/// Say this; best effort.
struct send_to_peer {
  device_id to;
  peer_message message;
  /// Not said when the log on the disk ends after this by then: a vote counts
  /// for a majority only where it was given knowing all that the device holds.
  std::optional<log_position> unless_beyond = std::nullopt;
};

/// Store this; every later effect waits until it is on the disk.
struct persist_leadership {
  ballot current;
  ballot vote;
  device_id leader;
  time_point lease_until;
};

/// Role, ballot, leader or `alone` have changed.
struct announce_leadership {
  election_view now;
};

/// A request is settled; `outcome` is `errc::none` when it was granted.
struct answer_request {
  election_request request = 0;
  errc outcome = errc::none;
};

/// To be performed in order.
using election_effect = std::variant<send_to_peer, persist_leadership,
                                     announce_leadership, answer_request>;
using election_effects = std::vector<election_effect>;

} // namespace lockstep
