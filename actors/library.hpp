#pragma once

#include "actors/event_bus.hpp"
#include "actors/message_types.hpp"
#include "actors/sync_log.hpp"

#include <caf/typed_actor.hpp>

namespace lockstep {

/// One library on this device: owns database.db, takes writes, captures and
/// applies changes, and directs every append to the log. Blocking I/O: runs on
/// a thread of its own, in simulation in the pool.
using library_actor = caf::typed_actor<
  /// Anybody, any device, any time: one transaction, answered with a receipt.
  caf::replies_to<commit_transaction>::with<receipt>,
  /// Leader only: entries for models without a table.
  caf::replies_to<log_changes>::with<receipt>,
  /// How far an earlier commit is.
  caf::replies_to<receipt_query>::with<receipt>,
  /// Replication, on the leader: puts proposals into the log's order. Errors:
  /// `not_leader`, `stale_ballot`, `busy`, `not_member`.
  caf::replies_to<sequence_operations>::with<operations_sequenced>,
  /// Replication, on a follower: durable in the log and in the tables once
  /// answered, with the new head. Errors: `log_conflict` (they do not follow),
  /// `stale_ballot`.
  caf::replies_to<apply_entries>::with<log_head>,
  /// Replication: cuts the log; own entries become proposals again.
  caf::replies_to<yield_log>::with<log_head>,
  /// Replication: what waits to be proposed.
  caf::replies_to<fetch_pending>::with<pending_batch>,
  /// Leadership: who leads now.
  caf::reacts_to<role_changed>,
  /// Replication: how far every member is.
  caf::reacts_to<stable_advanced>,
  caf::replies_to<read_members>::with<members_changed>,
  caf::replies_to<change_member>::with<receipt>,
  caf::replies_to<sql_query>::with<sql_rows>,
  caf::replies_to<track_table>::with<tracked_table>,
  caf::replies_to<read_status>::with<library_status>,
  caf::replies_to<read_digest>::with<library_digest>,
  /// Closes database.db and ends the actor once everything before it is done.
  caf::replies_to<close_library>::with<done>>;

} // namespace lockstep
