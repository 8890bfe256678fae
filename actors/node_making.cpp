#include "actors/errors.hpp"
#include "actors/logging.hpp"
#include "actors/node_state.hpp"
#include "persistence/database_file.hpp"

#include <algorithm>
#include <random>

// How a library comes to be on this device, whole or not at all.
namespace lockstep {

namespace {

constexpr std::chrono::seconds opening_patience{10};

/// What keeps a second library from having this name.
expected<void> check_free(const data_directory& directory,
                          const std::string& name) {
  auto found = directory.libraries();
  if (!found)
    return tl::make_unexpected(found.error());
  for (const auto& one : found->libraries)
    if (one.description.name == name)
      return fail(errc::already_exists, "This device has a library named \""
                                          + name
                                          + "\" already; choose another name.");
  return {};
}

/// Also by way of links.
bool is_below(const std::filesystem::path& file,
              const std::filesystem::path& folder) {
  std::error_code ignored;
  const auto real = std::filesystem::weakly_canonical(file, ignored);
  const auto top = std::filesystem::weakly_canonical(folder, ignored);
  return std::mismatch(top.begin(), top.end(), real.begin(), real.end()).first
         == top.end();
}

} // namespace

caf::typed_response_promise<library_handles>
node_state::create(const create_library& request) {
  if (auto is_free = check_free(*setup_.directory, request.name); !is_free)
    return answer_once_ready(tl::make_unexpected(is_free.error()));
  const auto wall = setup_.env.wall(self_->clock().now());
  std::mt19937_64 random{
    setup_.env.seed
    ^ static_cast<std::uint64_t>(wall.time_since_epoch().count())
    ^ std::hash<std::string>{}(request.name) ^ open_.size() << 32};
  library_description description;
  description.id = library_id{
    make_uuid_v7(static_cast<std::uint64_t>(wall.time_since_epoch().count()),
                 random(), random())};
  description.name = request.name;
  description.created_by = setup_.identity.id;
  description.created_at = wall;
  description.device = setup_.identity.id;
  return make(description, request.database);
}

caf::typed_response_promise<library_handles>
node_state::join(const join_library& request) {
  library_description description;
  description.id = request.library;
  description.name = request.name;
  description.created_by = request.created_by;
  description.created_at = setup_.env.wall(self_->clock().now());
  description.device = setup_.identity.id;
  description.joined_from = request.from;
  return make(description, request.database);
}

caf::typed_response_promise<library_handles>
node_state::make(library_description description,
                 const std::filesystem::path& database) {
  auto promise = self_->make_response_promise<library_handles>();
  if (closing_) {
    promise.deliver(to_error({errc::closed, "The node is shutting down."}));
    return promise;
  }
  auto made_file = take_database(description, database);
  if (!made_file) {
    promise.deliver(to_error(made_file.error()));
    return promise;
  }
  auto folder
    = create_library_folder(setup_.directory->libraries_folder(), description);
  if (!folder) {
    if (*made_file)
      remove_database_file(database);
    promise.deliver(to_error(folder.error()));
    return promise;
  }
  const unmade what{*folder, *made_file};
  auto opened = open_folder(*folder);
  if (!opened) {
    take_back(what, opened.error(), promise);
    return promise;
  }
  self_->request(opened->leadership, opening_patience, read_leader{})
    .then([promise, handles = *opened](
            const leadership_view&) mutable { promise.deliver(handles); },
          [this, promise, what](const caf::error& why) {
            take_back(what, to_failure(why), promise);
          });
  return promise;
}

expected<bool>
node_state::take_database(library_description& description,
                          const std::filesystem::path& database) {
  if (database.empty())
    return false;
  if (auto good = check_new(database); !good)
    return tl::make_unexpected(good.error());
  description.database = database;
  return make_database_file(database);
}

expected<void>
node_state::check_new(const std::filesystem::path& database) const {
  if (database.empty())
    return {};
  auto found = setup_.directory->libraries();
  if (!found)
    return tl::make_unexpected(found.error());
  if (is_below(database, setup_.directory->libraries_folder()))
    return fail(errc::invalid_argument,
                database.string()
                  + " lies among Lockstep's own files; name a"
                    " file elsewhere.");
  std::vector<std::filesystem::path> taken;
  for (const auto& one : found->libraries)
    taken.push_back(one.database_file());
  return check_new_database(database, taken);
}

expected<void> node_state::free_database(const unmade& what) {
  if (!what.folder.is_database_elsewhere())
    return {};
  const auto file = what.folder.database_file();
  if (!what.made_file)
    return detach_file(file);
  remove_database_file(file);
  return {};
}

void node_state::take_back(const unmade& what, failure why,
                           handles_promise promise) {
  const auto id = what.folder.description.id;
  auto remove = [this, id, what, promise](const failure& reason) mutable {
    reopening_.erase(id);
    failures_.erase(id);
    if (auto freed = free_database(what); !freed)
      logger().error("library {}: cannot be taken back: {}", to_string(id),
                     freed.error().message);
    if (auto removed = remove_library_folder(what.folder.path); !removed)
      logger().error("library {}: cannot be taken back: {}", to_string(id),
                     removed.error().message);
    promise.deliver(to_error(reason));
  };
  auto found = open_.find(id);
  if (found == open_.end()) {
    remove(why);
  } else if (found->second.then) {
    // It failed by itself, for a reason that says more.
    found->second.then = [remove, reason = found->second.reason]() mutable {
      remove(reason);
    };
  } else if (found->second.closing) {
    // The node closes meanwhile; the library is whole.
    promise.deliver(to_error(why));
  } else {
    close_in_order(id, [remove, why]() mutable { remove(why); });
  }
}

} // namespace lockstep
