#include "actors/node.hpp"

#include "actors/errors.hpp"
#include "actors/node_state.hpp"

namespace lockstep {

node_actor::behavior_type
run_node(node_actor::stateful_pointer<node_state> self, node_setup setup) {
  self->state.start(self, std::move(setup));
  self->set_down_handler([self](const caf::down_msg& what) {
    self->state.lost(what.source, what.reason);
  });
  self->set_exit_handler(
    [self](const caf::exit_msg& what) { self->state.crash(what.reason); });
  return {
    [self](const create_library& request) {
      return self->state.create(request);
    },
    [self](const join_library& request) { return self->state.join(request); },
    [self](const check_new_file& request) {
      return to_result(
        self->state.check_new(request.database).map([] { return done{}; }));
    },
    [self](const open_library& request) {
      return self->state.open(request.library);
    },
    [self](const close_open_library& request) {
      return self->state.close_one(request.library);
    },
    [self](const delete_library& request) {
      return self->state.remove(request);
    },
    [self](const repair_library& request) {
      return self->state.repair(request);
    },
    [self](const list_libraries&) { return self->state.list(); },
    [self](const close_node&) { return self->state.close(); },
    [self](const reopen_library& what) { self->state.reopen(what); },
  };
}

} // namespace lockstep
