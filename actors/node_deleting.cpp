#include "actors/errors.hpp"
#include "actors/node_state.hpp"
#include "persistence/database_file.hpp"

// How a library leaves this device.
namespace lockstep {

namespace {

/// A file elsewhere goes on; its triggers must not note changes for nobody.
expected<void> check_deletable(const library_folder& folder, bool detach) {
  const auto& what = folder.description;
  if (detach || what.removing || !folder.is_database_elsewhere())
    return {};
  return fail(errc::invalid_argument,
              "The database of library \"" + what.name + "\" is "
                + folder.database_file().string()
                + ", which stays; delete the library with --detach, which"
                  " takes everything of Lockstep's out of the file.");
}

} // namespace

expected<void> node_state::check_database(const library_folder& folder) {
  const auto& what = folder.description;
  if (what.removing)
    return fail(errc::closed, "The library \"" + what.name
                                + "\" is being deleted, which was cut off;"
                                  " delete it again.");
  std::error_code unreadable;
  const auto file = folder.database_file();
  if (folder.is_database_elsewhere()
      && !std::filesystem::exists(file, unreadable))
    return fail(errc::not_found,
                "The database " + file.string() + " of library \"" + what.name
                  + "\" is not there; put it back, make it anew from the log"
                    " with lockstep repair, or delete the library with"
                    " --detach.");
  return {};
}

caf::typed_response_promise<done>
node_state::remove(const delete_library& request) {
  auto promise = self_->make_response_promise<done>();
  auto refuse = [&](const failure& why) {
    promise.deliver(to_error(why));
    return promise;
  };
  if (closing_)
    return refuse({errc::closed, "The node is shutting down."});
  auto folder
    = open_library_folder(setup_.directory->library_path(request.library));
  if (!folder)
    return refuse(folder.error());
  if (auto good = check_deletable(*folder, request.detach); !good)
    return refuse(good.error());
  const auto open = open_.find(request.library);
  if (open != open_.end() && open->second.closing)
    return refuse({errc::busy, "The library is just closing; try again in a"
                               " moment."});
  if (auto marked = mark_removing(*folder, true); !marked)
    return refuse(marked.error());
  reopening_.erase(request.library);
  failures_.erase(request.library);
  if (open == open_.end()) {
    finish_removal(*folder,
                   folder->is_database_elsewhere()
                     ? detach_file(folder->database_file())
                     : expected<void>{},
                   promise);
    return promise;
  }
  auto detached = std::make_shared<expected<void>>();
  auto over = [this, folder = *folder, detached, promise] {
    finish_removal(folder, *detached, promise);
  };
  if (folder->is_database_elsewhere() || request.detach)
    close_in_order(request.library, over, detached);
  else
    close_in_order(request.library, over);
  return promise;
}

void node_state::finish_removal(library_folder folder, expected<void> detached,
                                caf::typed_response_promise<done> promise) {
  // A database inside goes with its folder, whatever is left in it.
  if (folder.is_database_elsewhere() && !detached) {
    static_cast<void>(mark_removing(folder, false));
    promise.deliver(to_error(detached.error()));
    return;
  }
  if (auto removed = remove_library_folder(folder.path); !removed)
    promise.deliver(to_error(removed.error()));
  else
    promise.deliver(done{});
}

} // namespace lockstep
