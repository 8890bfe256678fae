#pragma once

#include "actors/environment.hpp"
#include "actors/event_bus.hpp"
#include "actors/gateway.hpp"
#include "actors/message_types.hpp"
#include "actors/sync_log.hpp"
#include "messages/index.hpp"
#include "messages/library_report.hpp"
#include "messages/merge_function.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace lockstep {

/// Who hears that the log, the pending queue or the membership moved.
using log_listener = caf::typed_actor<
  caf::reacts_to<log_advanced>, caf::reacts_to<pending_advanced>,
  caf::reacts_to<members_changed>, caf::reacts_to<clock_corrected>>;
/// The library to itself: take the next turn. Writes that came meanwhile wait
/// before it, so that a turn takes them together.
struct library_turn {};

/// The actors beside a library; told once they are there.
struct library_neighbours {
  log_listener replication;
  caf::typed_actor<caf::reacts_to<members_changed>,
                   caf::reacts_to<clock_corrected>,
                   caf::replies_to<read_leader>::with<leadership_view>,
                   caf::replies_to<transfer_leadership>::with<leadership_view>>
    leadership;
  caf::typed_actor<caf::reacts_to<set_library_members>,
                   caf::reacts_to<introduce_members>>
    gateway;
};

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
  /// `not_leader`, `stale_ballot`, `not_member`.
  caf::replies_to<sequence_operations>::with<operations_sequenced>,
  /// Replication, on a follower: durable in the log once answered, with the new
  /// head. Errors: `log_conflict` (they do not follow), `stale_ballot`.
  caf::replies_to<apply_entries>::with<log_head>,
  /// Replication: cuts the log; its entries become proposals again.
  caf::replies_to<yield_log>::with<log_head>,
  /// Replication: what waits to be proposed.
  caf::replies_to<fetch_pending>::with<pending_batch>,
  /// Leadership: who leads now.
  caf::reacts_to<role_changed>,
  /// Replication: how far every member is.
  caf::reacts_to<stable_advanced>, caf::reacts_to<majority_advanced>,
  /// Replication: up to where the log may be vacuumed.
  caf::reacts_to<vacuum_bound_moved>, caf::reacts_to<vacuum_look>,
  /// Removes old entries from the log that every member holds.
  caf::replies_to<vacuum_library>::with<vacuum_result>,
  /// Replication, on a follower: what the leader's messages say.
  caf::reacts_to<leader_time>,
  /// Replication, on a device that is new.
  caf::reacts_to<first_sync_target>, caf::reacts_to<library_neighbours>,
  caf::replies_to<read_members>::with<members_changed>,
  /// The same from the log alone, with how to reach them.
  caf::replies_to<read_member_descriptions>::with<member_descriptions>,
  /// Makes a device a member, or ends its membership. `not_member` where the
  /// log says that this device is none any more.
  caf::replies_to<change_member>::with<receipt>,
  caf::replies_to<describe_member>::with<receipt>,
  /// `incomplete` during the first sync; so do the next two.
  caf::replies_to<sql_query>::with<sql_rows>,
  /// `not_found` when there is no such record.
  caf::replies_to<read_record>::with<record_image>,
  caf::replies_to<read_records>::with<record_list>,
  /// Done, and answered, once the first sync is over.
  caf::replies_to<track_table>::with<tracked_table>,
  caf::replies_to<untrack_table>::with<untracked_table>,
  caf::replies_to<read_tables>::with<table_list>,
  caf::replies_to<read_conflicts>::with<conflict_list>,
  /// `not_found` when it is no conflict, or resolved; errors as a commit's.
  caf::replies_to<resolve_conflict>::with<receipt>,
  caf::replies_to<read_set_aside>::with<set_aside_list>,
  /// Indexer: rows of the `entry` table.
  caf::replies_to<write_index_batch>::with<done>,
  /// File watch: what other programs wrote takes a turn; answered before it.
  caf::replies_to<database_written>::with<done>,
  caf::replies_to<read_status>::with<library_status>,
  caf::replies_to<read_digest>::with<library_digest>,
  caf::replies_to<check_library>::with<library_report>,
  /// Takes Lockstep's own out of database.db once everything before it is done;
  /// after that the library can only be closed.
  caf::replies_to<detach_database>::with<done>,
  /// Closes database.db and ends the actor once everything before it is done.
  caf::replies_to<close_library>::with<done>, caf::reacts_to<library_turn>>;

class library_store;

/// What a library actor is made from.
struct library_setup {
  library_id library;
  std::string name;
  device_id device;
  /// The device that let this one in; nil on the creator.
  device_id joined_from;
  library_settings limits;
  environment env;
  /// The open database.db; belongs to the actor from now on.
  std::shared_ptr<library_store> store;
  sync_log_actor log;
  event_bus_actor events;
  std::shared_ptr<const merge_functions> merges;
  /// Whether what is sequenced needs a majority that holds it.
  consistency mode = consistency::available;
  vacuum_settings vacuum = {};
};

class library_state;

library_actor::behavior_type
run_library(library_actor::stateful_pointer<library_state> self,
            library_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(library_neighbours)
LOCKSTEP_LOCAL_MESSAGE(library_turn)
LOCKSTEP_LOCAL_MESSAGE(check_library)
LOCKSTEP_LOCAL_MESSAGE(library_report)
