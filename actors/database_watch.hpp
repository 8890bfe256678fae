#pragma once

#include "actors/message_types.hpp"
#include "messages/clock.hpp"
#include "persistence/file_notifier.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>

namespace lockstep {

/// Who looks at a database once it may have been written.
using database_listener = caf::typed_actor<
  /// Answered once it is ready to hear of more.
  caf::replies_to<database_written>::with<done>>;

/// The watch to itself: wait on.
struct watch_on {};

/// How long to wait for an event before looking all the same. A program may
/// write first and commit later: SQLite's commit shows in no event once the
/// disk has what was written. So looks follow a write, thinning out; `watched`
/// says whether the system tells of writes.
std::chrono::milliseconds next_look(duration since_written, bool watched);

/// Tells a library that its database may have been written: within a few
/// milliseconds where the system tells of it, else once a second. Says one
/// thing at a time, and not more often than every few milliseconds. Ends with
/// the notifier's wait_end or with its listener. Blocks: runs on a thread of
/// its own, and not at all in simulation.
using database_watch_actor = caf::typed_actor<caf::reacts_to<watch_on>>;

struct database_watch_state {
  static inline const char* name = "database_watch";

  database_watch_actor::pointer self = nullptr;
  database_listener listener;
  std::shared_ptr<file_notifier> file;
  time_point last_written;

  void wait();
  void tell();
};

database_watch_actor::behavior_type database_watch(
  database_watch_actor::stateful_pointer<database_watch_state> self,
  database_listener listener, std::shared_ptr<file_notifier> file);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(watch_on)
