#pragma once

#include "actors/event_bus.hpp"
#include "actors/message_types.hpp"
#include "config/settings.hpp"
#include "messages/index.hpp"
#include "persistence/folder_walk.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <optional>

namespace lockstep {

/// Who owns the table that an index is written to.
using index_sink_actor = caf::typed_actor<
  /// Answered once the rows are written.
  caf::replies_to<write_index_batch>::with<done>>;

/// Walks folders for one library, one at a time. Blocking I/O: runs on a thread
/// of its own, in simulation in the pool.
using indexer_actor = caf::typed_actor<
  /// Answered at the end. Errors: `not_found`, `invalid_argument` or `io` for
  /// the folder, `busy` while another is being walked, `cancelled`, or whatever
  /// the sink failed with.
  caf::replies_to<index_location>::with<index_outcome>,
  /// Answered at once; `not_found` when the location is not being walked. A
  /// run whose last rows are on their way still succeeds.
  caf::replies_to<cancel_indexing>::with<done>>;

struct indexer_state {
  static inline const char* name = "indexer";

  struct run {
    record_id location;
    folder_walk walk;
    caf::typed_response_promise<index_outcome> answer;
    time_point last_report;
    bool started = false;
    bool cancelled = false;
  };

  indexer_actor::pointer self = nullptr;
  event_bus_actor bus;
  index_sink_actor sink;
  library_id library;
  index_settings limits;
  std::optional<run> current;

  caf::result<index_outcome> start(const index_location& request);
  caf::result<done> cancel(const cancel_indexing& request);
  /// Reads one slice of the folder and has it written; one batch is on its way
  /// at a time.
  void step();
  void written(bool last);
  void report();
  /// `reason.code` is `errc::none` for a run that came to its end.
  void finish(const failure& reason);
};

/// `sink` gets the rows, `bus` the progress, as events of `library`.
indexer_actor::behavior_type
indexer(indexer_actor::stateful_pointer<indexer_state> self,
        event_bus_actor bus, library_id library, index_sink_actor sink,
        index_settings limits);

} // namespace lockstep
