#include "actors/database_watch.hpp"

#include <algorithm>
#include <utility>

namespace lockstep {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds shortest{5};
constexpr milliseconds longest_unwatched{1'000};
/// For file systems that watch and do not tell of all.
constexpr milliseconds longest_watched{10'000};

} // namespace

milliseconds next_look(duration since_written, bool watched) {
  return std::clamp(std::chrono::floor<milliseconds>(since_written / 4),
                    shortest, watched ? longest_watched : longest_unwatched);
}

void database_watch_state::wait() {
  using woken = file_notifier::woken;
  const auto heard = file->wait(
    next_look(self->clock().now() - last_written, file->watches()));
  if (heard == woken::ended)
    return self->quit();
  if (heard == woken::written)
    last_written = self->clock().now();
  tell();
}

void database_watch_state::tell() {
  self->request(listener, caf::infinite, database_written{})
    .then(
      [this](const done&) {
        if (file->pause(shortest))
          self->quit();
        else
          self->send(database_watch_actor{self}, watch_on{});
      },
      [this](const caf::error&) { self->quit(); });
}

database_watch_actor::behavior_type database_watch(
  database_watch_actor::stateful_pointer<database_watch_state> self,
  database_listener listener, std::shared_ptr<file_notifier> file) {
  auto& state = self->state;
  state.self = self;
  state.listener = std::move(listener);
  state.file = std::move(file);
  self->send(database_watch_actor{self}, watch_on{});
  return {[&state](const watch_on&) {
    state.wait();
  }};
}

} // namespace lockstep
