#pragma once

#include "actors/message_types.hpp"
#include "config/settings.hpp"
#include "persistence/sync_log_store.hpp"
#include "persistence/sync_log_vacuum.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <optional>

namespace lockstep {

struct stop_vacuum {};

/// The only writer of one sync.db. Blocking I/O: runs on a thread of its own,
/// in simulation in the pool. All requests answer with an error of `errc`
/// where something can fail.
using sync_log_actor = caf::typed_actor<
  /// Appends and answers with the new head once it is on the disk.
  caf::replies_to<append_entries>::with<log_head>,
  caf::replies_to<append_draft>::with<log_head>,
  /// Entries after a sequence, 100 by default, 1,000 at most.
  caf::replies_to<fetch_since>::with<entry_list>,
  /// Entries of a closed range, 1,000 at most.
  caf::replies_to<fetch_range>::with<entry_list>,
  /// For a peer: entries after a position, or where to try instead.
  caf::replies_to<serve_entries>::with<served_entries>,
  /// Where this log may match a peer's; the empty position when nowhere.
  caf::replies_to<find_match>::with<log_position>,
  caf::replies_to<latest_sequence>::with<sequence_number>,
  caf::replies_to<count_entries>::with<std::uint64_t>,
  /// One record's entries, oldest first.
  caf::replies_to<record_history>::with<entry_list>,
  /// Removes old entries that later ones supersede, in steps with other
  /// requests between them. `busy` while another vacuum is under way, unless
  /// that one is in the background: it is ended.
  caf::replies_to<vacuum_old_entries>::with<vacuum_result>,
  caf::reacts_to<vacuum_turn>,
  /// Ends a vacuum that is under way: it is answered with `cancelled`.
  caf::reacts_to<stop_vacuum>,
  /// Removes every entry after a sequence; answers with the new head.
  caf::replies_to<truncate_after>::with<log_head>,
  caf::replies_to<read_head>::with<log_head>,
  /// Stores ballot, vote and lease before the leader machine speaks of them.
  caf::replies_to<store_leadership>::with<done>,
  caf::replies_to<read_leadership>::with<leadership_record>,
  caf::reacts_to<store_progress>,
  caf::replies_to<read_progress>::with<progress_list>,
  /// Closes sync.db and ends the actor once everything before it is done.
  caf::replies_to<close_log>::with<done>>;

struct sync_log_state {
  static inline const char* name = "sync_log";
  std::shared_ptr<sync_log_store> store;
  log_settings limits;

  struct vacuum_under_way {
    sync_log_vacuum work;
    caf::typed_response_promise<vacuum_result> promise;
    bool in_background = false;
  };
  std::optional<vacuum_under_way> vacuum;
  /// Counts vacuums: a turn of one that was ended means nothing.
  std::uint64_t vacuums = 0;
};

sync_log_actor::behavior_type
sync_log(sync_log_actor::stateful_pointer<sync_log_state> self,
         std::shared_ptr<sync_log_store> store, log_settings limits);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(stop_vacuum)
