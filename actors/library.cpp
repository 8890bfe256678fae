#include "actors/library.hpp"

#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "persistence/library_members.hpp"

namespace lockstep {

namespace {

caf::error own_model_refused() {
  return to_error({errc::invalid_argument,
                   "Models whose names begin with \"lockstep.\" are"
                   " Lockstep's own; choose another name."});
}

} // namespace

library_actor::behavior_type
run_library(library_actor::stateful_pointer<library_state> self,
            library_setup setup) {
  auto& state = self->state;
  // What the disk does must not end in an exception that crosses actors.
  self->set_exception_handler([](std::exception_ptr& what) -> caf::error {
    try {
      std::rethrow_exception(what);
    } catch (...) {
      return to_error(current_failure("database.db"));
    }
  });
  state.start(self, std::move(setup));
  return {
    [self](const commit_transaction& request) {
      auto promise = self->make_response_promise<receipt>();
      for (const auto& step : request.steps)
        if (const auto* change = std::get_if<record_change>(&step);
            change && change->model.starts_with(own_model_prefix)) {
          promise.deliver(own_model_refused());
          return promise;
        }
      self->state.submit(request, promise);
      return promise;
    },
    [self](const log_changes& request) {
      auto promise = self->make_response_promise<receipt>();
      for (const auto& change : request.list)
        if (change.model.starts_with(own_model_prefix)) {
          promise.deliver(own_model_refused());
          return promise;
        }
      self->state.submit(request, promise);
      return promise;
    },
    [self](const receipt_query& query) {
      return self->state.find_receipt(query);
    },
    [self](const sequence_operations& request) {
      auto promise = self->make_response_promise<operations_sequenced>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const apply_entries& request) {
      auto promise = self->make_response_promise<log_head>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const yield_log& request) {
      auto promise = self->make_response_promise<log_head>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const fetch_pending& request) {
      return self->state.pending_after(request);
    },
    [self](const role_changed& request) { self->state.submit(request); },
    [self](const stable_advanced& what) {
      self->state.advance_stable(what.stable);
    },
    [self](const majority_advanced& what) {
      self->state.advance_held(what.through);
    },
    [self](const vacuum_bound_moved& what) {
      self->state.move_vacuum_bound(what.now);
    },
    [self](const vacuum_look&) { self->state.look_for_vacuum(); },
    [self](const vacuum_library& request) {
      return self->state.vacuum(request);
    },
    [self](const leader_time& what) { self->state.hear_leader(what); },
    [self](const first_sync_target& what) { self->state.hear_target(what); },
    [self](const library_neighbours& neighbours) {
      self->state.meet(neighbours);
    },
    [self](const read_members&) { return self->state.members(); },
    [self](const read_member_descriptions&) {
      return self->state.descriptions();
    },
    [self](const change_member& request) {
      return self->state.describe({request.member, {}, {}});
    },
    [self](const describe_member& request) {
      return self->state.describe(request.what);
    },
    [self](const sql_query& request) { return self->state.query(request); },
    [self](const read_record& request) { return self->state.read(request); },
    [self](const read_records& request) { return self->state.read(request); },
    [self](const track_table& request) {
      auto promise = self->make_response_promise<tracked_table>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const untrack_table& request) {
      auto promise = self->make_response_promise<untracked_table>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const read_tables&) { return self->state.tables(); },
    [self](const read_conflicts& request) {
      return self->state.conflicts(request);
    },
    [self](const resolve_conflict& request) {
      auto promise = self->make_response_promise<receipt>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const read_set_aside& request) {
      auto promise = self->make_response_promise<set_aside_list>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const write_index_batch& request) {
      auto promise = self->make_response_promise<done>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const database_written&) {
      self->state.look_at_database();
      return done{};
    },
    [self](const read_status&) { return self->state.status(); },
    [self](const read_digest&) { return self->state.digest(); },
    [self](const check_library&) { return self->state.check(); },
    [self](const detach_database& request) {
      auto promise = self->make_response_promise<done>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const close_library& request) {
      auto promise = self->make_response_promise<done>();
      self->state.submit(request, promise);
      return promise;
    },
    [self](const library_turn&) { self->state.turn(); },
  };
}

} // namespace lockstep
