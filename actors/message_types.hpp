#pragma once

#include "messages/errors.hpp"
#include "messages/events.hpp"
#include "messages/index.hpp"
#include "messages/library_requests.hpp"
#include "messages/log_requests.hpp"
#include "messages/peer_messages.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

// Actors exchange plain structs that never cross CAF's own network (what goes
// to other devices is Protocol Buffers), so CAF need not know how to serialise
// them.
#define LOCKSTEP_LOCAL_MESSAGE(type)                                           \
  CAF_ALLOW_UNSAFE_MESSAGE_TYPE(lockstep::type)

LOCKSTEP_LOCAL_MESSAGE(done)
LOCKSTEP_LOCAL_MESSAGE(failure)
LOCKSTEP_LOCAL_MESSAGE(event)
LOCKSTEP_LOCAL_MESSAGE(event_batch)
LOCKSTEP_LOCAL_MESSAGE(envelope)
LOCKSTEP_LOCAL_MESSAGE(sequence_number)
LOCKSTEP_LOCAL_MESSAGE(device_id)
LOCKSTEP_LOCAL_MESSAGE(library_id)

LOCKSTEP_LOCAL_MESSAGE(append_entries)
LOCKSTEP_LOCAL_MESSAGE(append_draft)
LOCKSTEP_LOCAL_MESSAGE(fetch_since)
LOCKSTEP_LOCAL_MESSAGE(fetch_range)
LOCKSTEP_LOCAL_MESSAGE(entry_list)
LOCKSTEP_LOCAL_MESSAGE(serve_entries)
LOCKSTEP_LOCAL_MESSAGE(served_entries)
LOCKSTEP_LOCAL_MESSAGE(find_match)
LOCKSTEP_LOCAL_MESSAGE(log_position)
LOCKSTEP_LOCAL_MESSAGE(latest_sequence)
LOCKSTEP_LOCAL_MESSAGE(count_entries)
LOCKSTEP_LOCAL_MESSAGE(record_history)
LOCKSTEP_LOCAL_MESSAGE(vacuum_old_entries)
LOCKSTEP_LOCAL_MESSAGE(truncate_after)
LOCKSTEP_LOCAL_MESSAGE(read_head)
LOCKSTEP_LOCAL_MESSAGE(store_leadership)
LOCKSTEP_LOCAL_MESSAGE(read_leadership)
LOCKSTEP_LOCAL_MESSAGE(store_progress)
LOCKSTEP_LOCAL_MESSAGE(read_progress)
LOCKSTEP_LOCAL_MESSAGE(progress_list)
LOCKSTEP_LOCAL_MESSAGE(close_log)
LOCKSTEP_LOCAL_MESSAGE(log_head)
LOCKSTEP_LOCAL_MESSAGE(leadership_record)

LOCKSTEP_LOCAL_MESSAGE(commit_transaction)
LOCKSTEP_LOCAL_MESSAGE(log_changes)
LOCKSTEP_LOCAL_MESSAGE(receipt)
LOCKSTEP_LOCAL_MESSAGE(receipt_query)
LOCKSTEP_LOCAL_MESSAGE(sequence_operations)
LOCKSTEP_LOCAL_MESSAGE(operations_sequenced)
LOCKSTEP_LOCAL_MESSAGE(apply_entries)
LOCKSTEP_LOCAL_MESSAGE(yield_log)
LOCKSTEP_LOCAL_MESSAGE(fetch_pending)
LOCKSTEP_LOCAL_MESSAGE(pending_batch)
LOCKSTEP_LOCAL_MESSAGE(role_changed)
LOCKSTEP_LOCAL_MESSAGE(log_advanced)
LOCKSTEP_LOCAL_MESSAGE(pending_advanced)
LOCKSTEP_LOCAL_MESSAGE(stable_advanced)
LOCKSTEP_LOCAL_MESSAGE(read_members)
LOCKSTEP_LOCAL_MESSAGE(members_changed)
LOCKSTEP_LOCAL_MESSAGE(change_member)
LOCKSTEP_LOCAL_MESSAGE(sql_query)
LOCKSTEP_LOCAL_MESSAGE(sql_rows)
LOCKSTEP_LOCAL_MESSAGE(read_record)
LOCKSTEP_LOCAL_MESSAGE(read_records)
LOCKSTEP_LOCAL_MESSAGE(record_image)
LOCKSTEP_LOCAL_MESSAGE(record_list)
LOCKSTEP_LOCAL_MESSAGE(track_table)
LOCKSTEP_LOCAL_MESSAGE(tracked_table)
LOCKSTEP_LOCAL_MESSAGE(untrack_table)
LOCKSTEP_LOCAL_MESSAGE(untracked_table)
LOCKSTEP_LOCAL_MESSAGE(read_tables)
LOCKSTEP_LOCAL_MESSAGE(table_list)
LOCKSTEP_LOCAL_MESSAGE(read_conflicts)
LOCKSTEP_LOCAL_MESSAGE(conflict_list)
LOCKSTEP_LOCAL_MESSAGE(resolve_conflict)
LOCKSTEP_LOCAL_MESSAGE(detach_database)
LOCKSTEP_LOCAL_MESSAGE(database_written)
LOCKSTEP_LOCAL_MESSAGE(read_status)
LOCKSTEP_LOCAL_MESSAGE(library_status)
LOCKSTEP_LOCAL_MESSAGE(read_digest)
LOCKSTEP_LOCAL_MESSAGE(library_digest)
LOCKSTEP_LOCAL_MESSAGE(close_library)
LOCKSTEP_LOCAL_MESSAGE(request_leadership)
LOCKSTEP_LOCAL_MESSAGE(transfer_leadership)
LOCKSTEP_LOCAL_MESSAGE(step_down)
LOCKSTEP_LOCAL_MESSAGE(read_leader)
LOCKSTEP_LOCAL_MESSAGE(leadership_view)

LOCKSTEP_LOCAL_MESSAGE(index_location)
LOCKSTEP_LOCAL_MESSAGE(cancel_indexing)
LOCKSTEP_LOCAL_MESSAGE(index_outcome)
LOCKSTEP_LOCAL_MESSAGE(write_index_batch)
