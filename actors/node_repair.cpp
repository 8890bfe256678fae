#include "actors/errors.hpp"
#include "actors/logging.hpp"
#include "actors/node_state.hpp"
#include "persistence/library_repair.hpp"

// How a library whose files are damaged comes back.
namespace lockstep {

expected<library_repair> node_state::repair_folder(const library_folder& folder,
                                                   bool alone) {
  const repair_settings how{setup_.identity.id, setup_.limits.library,
                            [this] { return wall_timestamp(); }, alone};
  return repair_files(folder, how)
    .and_then([&](library_repair done) -> expected<library_repair> {
      logger().info("library {}: repaired; the log was {}, the database {}",
                    to_string(folder.description.id), to_string(done.log.found),
                    to_string(done.database.found));
      if (auto opened = open_folder(folder); !opened)
        return tl::make_unexpected(opened.error());
      return done;
    });
}

void node_state::open_as_before(const library_folder& folder) {
  if (closing_)
    return;
  const auto opened = open_folder(folder);
  if (opened)
    return;
  logger().error("library {}: cannot be opened: {}",
                 to_string(folder.description.id), opened.error().message);
  reopen_later(folder.description.id);
}

caf::typed_response_promise<library_repair>
node_state::repair(const repair_library& request) {
  auto promise = self_->make_response_promise<library_repair>();
  auto refuse = [&](const failure& why) {
    promise.deliver(to_error(why));
    return promise;
  };
  if (closing_)
    return refuse({errc::closed, "The node is shutting down."});
  const auto folder
    = open_library_folder(setup_.directory->library_path(request.library));
  if (!folder)
    return refuse(folder.error());
  if (folder->description.removing
      || folder->description.device != setup_.identity.id)
    return refuse({errc::invalid_argument,
                   "The library is a copy, or is being deleted; there is"
                   " nothing to mend."});
  const auto open = open_.find(request.library);
  if (open != open_.end() && open->second.closing)
    return refuse({errc::busy, "The library is just closing; try again in a"
                               " moment."});
  const bool is_wanted
    = reopening_.erase(request.library) != 0 || open != open_.end();
  auto mend = [this, folder = *folder, alone = request.alone, is_wanted,
               promise]() mutable {
    auto done = repair_folder(folder, alone);
    if (done)
      promise.deliver(std::move(*done));
    else
      promise.deliver(to_error(done.error()));
    // What was open is so again as soon as it can be, without a restart.
    if (is_wanted && !open_.contains(folder.description.id))
      open_as_before(folder);
  };
  if (open == open_.end())
    mend();
  else
    close_in_order(request.library, mend);
  return promise;
}

} // namespace lockstep
