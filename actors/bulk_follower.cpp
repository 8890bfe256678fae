#include "actors/bulk_follower.hpp"

#include "actors/errors.hpp"
#include "actors/logging.hpp"

namespace lockstep {

namespace {

using pointer = event_subscriber::stateful_pointer<bulk_follower_state>;

void index_next(pointer self) {
  auto& state = self->state;
  if (state.indexing || state.waiting.empty())
    return;
  state.indexing = true;
  const auto next = state.waiting.front();
  state.waiting.pop_front();
  auto over = [self] {
    self->state.indexing = false;
    index_next(self);
  };
  self->request(state.setup.indexer, caf::infinite, next)
    .then([over](const index_outcome&) { over(); },
          [over, next](const caf::error& why) {
            logger().warn("location {}: not indexed here: {}",
                          to_string(next.location), to_failure(why).message);
            over();
          });
}

void note(pointer self, const entry& what) {
  auto& state = self->state;
  if (what.device == state.setup.device)
    return;
  const auto bulk = bulk_operation_from_image(what.data);
  if (!bulk || bulk->operation != "InitialIndex")
    return;
  if (auto folder = state.setup.matching_folder(*bulk))
    state.waiting.push_back({bulk->location, *folder});
}

} // namespace

bool is_bulk_operation(const event& what) {
  return std::holds_alternative<bulk_operation_logged>(what.body);
}

event_subscriber::behavior_type
bulk_follower(event_subscriber::stateful_pointer<bulk_follower_state> self,
              bulk_follower_setup setup) {
  self->state.setup = std::move(setup);
  return {[self](const event_batch& batch) {
    for (const auto& what : batch.list)
      if (const auto* logged = std::get_if<bulk_operation_logged>(&what->body))
        note(self, logged->what);
    index_next(self);
    return done{};
  }};
}

} // namespace lockstep
