#pragma once

#include "messages/accepted_range.hpp"
#include "messages/ballot.hpp"
#include "messages/clock.hpp"
#include "messages/forgotten_deletions.hpp"
#include "messages/ids.hpp"
#include "messages/operation.hpp"
#include "messages/vacuum_bounds.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What devices say to each other about one library. On this device these are
/// plain structs; between devices they travel as Protocol Buffers
/// (transport/wire.proto).
namespace lockstep {

/// Leader to all: I lead under `ballot`.
struct heartbeat {
  lockstep::ballot ballot;
  log_position head;
  /// Every member holds the log up to here.
  sequence_number stable;
  /// A majority does; said by leaders that need one.
  sequence_number held = {};
  vacuum_bounds vacuum = {};

  bool operator==(const heartbeat&) const = default;
};

/// Answer to `heartbeat`; this is what renews the lease.
struct heartbeat_ack {
  lockstep::ballot ballot;
  log_position head;

  bool operator==(const heartbeat_ack&) const = default;
};

/// Candidate to all: I would lead under `ballot`.
struct claim {
  lockstep::ballot ballot;
  log_position head;
  std::int32_t priority = 0;
  /// The leader asked this device to take over; a live leader is no reason to
  /// refuse.
  bool handed_over = false;
  /// The log is of an older copy and may lack what it held: the device leads
  /// with the votes of all, and whoever has more gives it none.
  bool is_of_older_copy = false;

  bool operator==(const claim&) const = default;
};

enum class refusal : std::uint8_t {
  none = 0,
  live_leader = 1,   ///< The voter hears a leader.
  better_log = 2,    ///< The voter's log is longer, or it ranks higher.
  older_ballot = 3,  ///< The voter knows a newer ballot.
  already_voted = 4, ///< The voter gave its vote in this term to another.
  /// With a vote that is granted, where it takes a majority: the voter has an
  /// older copy of its files. It may have held more than it knows, so that its
  /// vote counts only where all members give theirs.
  older_copy = 5,
};

/// Answer to `claim`.
struct vote {
  lockstep::ballot ballot; ///< The claim's ballot.
  bool granted = false;
  refusal reason = refusal::none;
  lockstep::ballot known; ///< The newest ballot that the voter knows.

  bool operator==(const vote&) const = default;
};

/// Leader to a member: take over (a clean shutdown, or on request). The
/// receiver claims at once with `handed_over` set.
struct hand_over {
  lockstep::ballot ballot; ///< The leader's own.
  log_position head;

  bool operator==(const hand_over&) const = default;
};

/// Leader to follower: the log has grown. Carries the entries themselves when
/// they are few, so that an idle follower needs no round trip.
struct new_entries {
  lockstep::ballot ballot;
  log_position head;
  /// What the first inline entry follows on; unused without entries.
  log_position follows;
  sequence_number stable;
  std::vector<entry> inline_entries;
  /// As in `heartbeat`.
  sequence_number held = {};
  vacuum_bounds vacuum = {};

  bool operator==(const new_entries&) const = default;
};

/// Follower to whoever serves: entries after `since`, please. The server
/// checks that its own entry at `since.sequence` has `since.ballot`.
struct fetch_entries {
  lockstep::ballot ballot;
  log_position since;
  std::uint32_t limit = 0;
  /// Wants to know, once it holds everything, which operations the log held of
  /// which no entry is left.
  bool wants_accepted = false;

  bool operator==(const fetch_entries&) const = default;
};

/// Answer to `fetch_entries` where the logs match at `since`. Empty when the
/// asker has everything.
struct entries {
  lockstep::ballot ballot;
  log_position since;
  std::vector<entry> list;
  log_position head;
  /// All operations that the log held up to its head, where the asker wants to
  /// know and `list` ends there.
  std::vector<accepted_range> accepted = {};
  /// What the sender's log has forgotten.
  forgotten_deletions forgotten = {};

  bool operator==(const entries&) const = default;
};

/// Answer to `fetch_entries` where the logs do not match at `since`, or the
/// part asked for was vacuumed. The asker tries again at or before `try_at`,
/// the server's last position that may match.
struct sync_required {
  lockstep::ballot ballot;
  log_position since;
  log_position try_at;
  sequence_number vacuumed_through;

  bool operator==(const sync_required&) const = default;
};

/// Follower to leader: everything up to `through` is durable here.
struct acknowledge {
  lockstep::ballot ballot;
  log_position through;

  bool operator==(const acknowledge&) const = default;
};

/// Follower to leader: operations in device_sequence order, whole transactions,
/// or a piece of one that is too large for one message.
struct propose {
  lockstep::ballot ballot;
  std::vector<operation> operations;
  /// The sender's operation before its first one here, where both are of one
  /// transaction; else none.
  device_sequence_number follows;
  /// The models among them that are tables of the sender. Who has no such
  /// tables cannot see which of their rows exclude each other.
  std::vector<std::string> tables = {};

  bool operator==(const propose&) const = default;
};

/// Answer to `propose`: all of the device's operations up to `through` are in
/// the log, or were filtered because they already were. `refused` is set when
/// the receiver does not lead under that ballot, or is busy.
struct proposal_ack {
  lockstep::ballot ballot;
  device_sequence_number through;
  bool refused = false;
  /// The receiver lacks what `follows` speaks of: it is to be proposed again.
  bool restart = false;

  bool operator==(const proposal_ack&) const = default;
};

/// First message of a session about a library, both ways; answered by
/// `welcome` with the same content.
struct hello {
  std::uint32_t protocol_version = 1;
  std::string device_name;
  lockstep::ballot ballot; ///< The newest ballot that the sender knows.
  device_id leader;        ///< Nil when it knows none.
  log_position head;

  bool operator==(const hello&) const = default;
};

struct welcome {
  std::uint32_t protocol_version = 1;
  std::string device_name;
  lockstep::ballot ballot;
  device_id leader;
  log_position head;

  bool operator==(const welcome&) const = default;
};

/// Answer to a device that takes no part in the library here: it was removed,
/// or this device has not heard that it was let in. Once in a session.
struct not_member {
  bool operator==(const not_member&) const = default;
};

using peer_message
  = std::variant<heartbeat, heartbeat_ack, claim, vote, hand_over, new_entries,
                 fetch_entries, entries, sync_required, acknowledge, propose,
                 proposal_ack, hello, welcome, not_member>;

/// One message about one library. Who sent it is known from the session, never
/// from the message.
struct envelope {
  library_id library;
  peer_message message;
  /// The library's time at the sender, in milliseconds since 1970; 0 where it
  /// is not said.
  std::uint64_t unix_ms = 0;

  bool operator==(const envelope&) const = default;
};

} // namespace lockstep
