#pragma once

#include "messages/errors.hpp"
#include "messages/first_sync.hpp"
#include "messages/leadership.hpp"
#include "messages/operation.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

/// What a host may want to hear of, published on the node's event bus. Events
/// of one library arrive in the order in which they happened.
namespace lockstep {

/// Entries got their place in the log; on the device that leads.
struct entries_committed {
  sequence_number first;
  sequence_number last;
  /// Empty where they are a transaction that is too large for an event; the log
  /// has them.
  std::shared_ptr<const std::vector<entry>> list;
};

/// Entries of other devices are in this device's tables.
struct entries_applied {
  sequence_number first;
  sequence_number last;
  /// As in entries_committed.
  std::shared_ptr<const std::vector<entry>> list;
};

/// A bulk operation came into the log (committed here or applied).
struct bulk_operation_logged {
  entry what;
};

/// Entries that came together, of models that have no table here; they are kept
/// in the log.
struct entries_unhandled {
  std::uint64_t count = 0;
  /// As in entries_committed.
  std::shared_ptr<const std::vector<entry>> list;
};

struct leadership_changed {
  leadership_view now;
};

struct peer_connected {
  device_id device;
};

struct peer_disconnected {
  device_id device;
};

/// An operation lost against another, or would have broken a constraint. `what`
/// is the entry of model `lockstep.conflict` that keeps it.
struct conflict_recorded {
  entry what;
};

struct library_opened {
  std::string name;
};

/// `reason.code` is `errc::none` for a close that was asked for.
struct library_closed {
  failure reason;
};

/// Progress of an indexing run, at most a few a second, and one at the end.
struct indexing_progress {
  record_id location;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  bool finished = false;
  failure outcome{errc::none, {}}; ///< Set when finished.
};

/// The subscriber was too slow; this many events before the next were dropped.
struct events_lost {
  std::uint64_t count = 0;
};

using event_body
  = std::variant<entries_committed, entries_applied, bulk_operation_logged,
                 entries_unhandled, leadership_changed, peer_connected,
                 peer_disconnected, conflict_recorded, library_opened,
                 library_closed, indexing_progress, first_sync_progress,
                 events_lost>;

/// One event; `library` is nil for events about the subscription itself.
struct event {
  library_id library;
  event_body body;
};

/// The events themselves are shared by all who get them.
struct event_batch {
  std::vector<std::shared_ptr<const event>> list;
};

} // namespace lockstep
