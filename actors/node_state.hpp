#pragma once

#include "actors/bulk_follower.hpp"
#include "actors/node.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <optional>
#include <set>

namespace lockstep {

class shared_threads;

/// The node actor's state.
class node_state {
public:
  static inline const char* name = "node";

  void start(node_actor::pointer self, node_setup setup);

  using handles_promise = caf::typed_response_promise<library_handles>;

  handles_promise create(const create_library& request);
  handles_promise join(const join_library& request);
  /// Whether a new library may use the file, or make it.
  expected<void> check_new(const std::filesystem::path& database) const;
  handles_promise open(library_id id);
  caf::typed_response_promise<done> close_one(library_id id);
  caf::typed_response_promise<done> remove(const delete_library& request);
  caf::typed_response_promise<library_repair>
  repair(const repair_library& request);
  caf::result<library_list> list() const;
  caf::typed_response_promise<done> close();
  void reopen(const reopen_library& what);
  void lost(const caf::actor_addr& actor, const caf::error& why);
  /// Takes everything down at once and ends when it is gone.
  void crash(const caf::error& why);

private:
  struct open_library_actors {
    library_handles handles;
    event_subscriber follower;
    /// Those that have not ended yet. The library is open until all have.
    std::set<caf::actor_addr> alive;
    bool closing = false;
    /// Why it closes; known once all were told to end.
    failure reason{errc::none, {}};
    /// What happens when all have ended; nothing before they were told to.
    std::function<void()> then;
  };

  static std::vector<caf::actor> all_of(const open_library_actors& actors);

  handles_promise answer_once_ready(expected<library_handles> opened);
  /// Makes a folder and opens it; takes it back where that fails.
  handles_promise make(library_description description,
                       const std::filesystem::path& database);
  /// A library whose making is not over.
  struct unmade {
    library_folder folder;
    /// Whether its database elsewhere was made with it.
    bool made_file = false;
  };
  /// Notes the application's own file as the database, unless the path is
  /// empty; whether the file was made.
  expected<bool> take_database(library_description& description,
                               const std::filesystem::path& database);
  /// Leaves a database elsewhere as it was before.
  static expected<void> free_database(const unmade& what);
  /// Removes a library that was made and cannot be used, then answers.
  void take_back(const unmade& what, failure why, handles_promise promise);
  /// What keeps a library from being opened: it is being deleted, or its
  /// database elsewhere is gone.
  static expected<void> check_database(const library_folder& folder);
  void finish_removal(library_folder folder, expected<void> detached,
                      caf::typed_response_promise<done> promise);
  expected<library_handles> open_folder(const library_folder& folder);
  expected<library_repair> repair_folder(const library_folder& folder,
                                         bool alone);
  /// Opens it after a repair that failed, later where that does not go now.
  void open_as_before(const library_folder& folder);
  expected<library_handles> spawn_library(const library_folder& folder);
  /// The wall clock's reading.
  [[nodiscard]] timestamp wall_timestamp() const;
  /// Starts the creator's first term in a log that has none yet.
  expected<leadership_record> recover_leadership(sync_log_store& log,
                                                 const library_folder& folder,
                                                 bool is_new);
  /// What the log is to say of this device from now on, if that is anything
  /// new.
  static expected<std::optional<member_description>>
  own_entry(const node_setup& setup, library_store& store, bool unnamed);
  /// Closes one library step by step: leadership, network, replication, tables,
  /// log. With `detached`, the database is detached before it is closed, and
  /// why not stands there.
  void close_in_order(library_id id, std::function<void()> then,
                      std::shared_ptr<expected<void>> detached = nullptr);
  /// Tells all that are left of a library's actors to end, and waits for it.
  void end(library_id id, const failure& why, std::function<void()> then);
  void closed_if_ended(library_id id);
  void reopen_later(library_id id);
  void finish_close();
  void publish(library_id library, event_body body);

  node_actor::pointer self_ = nullptr;
  node_setup setup_;
  gateway_actor gateway_;
  std::map<library_id, open_library_actors> open_;
  /// Of all its libraries.
  std::shared_ptr<shared_threads> threads_;
  std::map<library_id, std::uint32_t> failures_;
  /// The attempts to reopen that are still wanted.
  std::map<library_id, std::uint32_t> reopening_;
  bool closing_ = false;
  /// Actors that a crash still waits for.
  std::set<caf::actor_addr> dying_;
  std::vector<caf::typed_response_promise<done>> close_promises_;
};

} // namespace lockstep
