#include "actors/indexer.hpp"

#include "actors/errors.hpp"

#include <chrono>
#include <utility>

namespace lockstep {

namespace {

/// Between two reports of progress.
constexpr auto report_interval = std::chrono::milliseconds{250};
/// The sink waits for other writes of the library, but not for ever.
constexpr auto sink_patience = std::chrono::minutes{5};

} // namespace

caf::result<index_outcome> indexer_state::start(const index_location& request) {
  if (current)
    return to_error({errc::busy, "Another folder is being indexed; wait for "
                                 "it, or cancel it."});
  auto walk = folder_walk::open(request.folder);
  if (!walk)
    return to_error(walk.error());
  current.emplace(run{request.location, std::move(*walk),
                      self->make_response_promise<index_outcome>(),
                      self->clock().now()});
  auto answer = current->answer;
  step();
  return answer;
}

caf::result<done> indexer_state::cancel(const cancel_indexing& request) {
  if (!current || current->location != request.location)
    return to_error({errc::not_found, "This location is not being indexed."});
  current->cancelled = true;
  return done{};
}

void indexer_state::step() {
  write_index_batch batch;
  batch.location = current->location;
  batch.first = !std::exchange(current->started, true);
  batch.rows = current->walk.next(limits.batch);
  batch.last = current->walk.done();
  const bool last = batch.last;
  self->request(sink, sink_patience, std::move(batch))
    .then([this, last](const done&) { written(last); },
          [this](const caf::error& error) { finish(to_failure(error)); });
}

void indexer_state::written(bool last) {
  if (last) {
    finish({errc::none, {}});
  } else if (current->cancelled) {
    finish({errc::cancelled, "Indexing was cancelled."});
  } else {
    report();
    step();
  }
}

void indexer_state::report() {
  const auto now = self->clock().now();
  if (now - current->last_report < report_interval)
    return;
  current->last_report = now;
  const auto& found = current->walk.found();
  self->send(bus, event{library, indexing_progress{current->location,
                                                   found.files, found.bytes}});
}

void indexer_state::finish(const failure& reason) {
  auto ended = std::exchange(current, std::nullopt);
  const auto& found = ended->walk.found();
  self->send(bus, event{library, indexing_progress{ended->location, found.files,
                                                   found.bytes, true, reason}});
  if (reason.code == errc::none)
    ended->answer.deliver(found);
  else
    ended->answer.deliver(to_error(reason));
}

indexer_actor::behavior_type
indexer(indexer_actor::stateful_pointer<indexer_state> self,
        event_bus_actor bus, library_id library, index_sink_actor sink,
        index_settings limits) {
  auto& state = self->state;
  state.self = self;
  state.bus = std::move(bus);
  state.sink = std::move(sink);
  state.library = library;
  state.limits = limits;
  self->set_exit_handler([self](const caf::exit_msg& exit) {
    if (self->state.current)
      self->state.finish({errc::closed, "The library was closed."});
    self->quit(exit.reason);
  });
  return {
    [&state](const index_location& request) { return state.start(request); },
    [&state](const cancel_indexing& request) { return state.cancel(request); },
  };
}

} // namespace lockstep
