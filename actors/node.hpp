#pragma once

#include "actors/gateway.hpp"
#include "actors/indexer.hpp"
#include "actors/leadership.hpp"
#include "actors/library.hpp"
#include "actors/network.hpp"
#include "actors/replication.hpp"
#include "actors/sync_log.hpp"
#include "messages/library_repair.hpp"
#include "persistence/data_directory.hpp"
#include "persistence/device_identity.hpp"

#include <caf/typed_actor.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// A new library; this device is its creator and leads first.
struct create_library {
  std::string name;
  /// An SQLite file anywhere, or one to be made; absolute. Empty: one in the
  /// library's folder.
  std::filesystem::path database = {};
};

/// A library that `from` let this device into; `from` has to lead it, and to
/// have made this device a member.
struct join_library {
  library_id library;
  std::string name;
  device_id created_by;
  device_id from;
  /// As in create_library.
  std::filesystem::path database = {};
};

/// May a library use this file? As `database` of create_library.
struct check_new_file {
  std::filesystem::path database;
};

struct open_library {
  library_id library;
};

/// Hands over the leadership if this device has it, then closes the files.
struct close_open_library {
  library_id library;
};

/// Takes a library off this device, whether it is open or not; the other
/// members keep theirs. What is in its folder goes. A database elsewhere stays,
/// with nothing of Lockstep's left in it.
struct delete_library {
  library_id library;
  /// Must be set where the database lies elsewhere.
  bool detach = false;
};

/// What is damaged or lost of a library's files is made anew from the rest and,
/// once it is open again, from what other members hold. Open or not, it is
/// open afterwards.
struct repair_library {
  library_id library;
  /// Does not wait for other members.
  bool alone = false;
};

struct list_libraries {};

struct listed_library {
  library_id library;
  std::string name;
  bool open = false;
  std::filesystem::path database = {};
  /// Whether that is not in the library's folder.
  bool database_elsewhere = false;
};

struct library_list {
  std::vector<listed_library> libraries;
  /// What was wrong with those that cannot be read.
  std::vector<unreadable_library> unreadable;
};

/// The actors of one open library. Let go of them when it closes.
struct library_handles {
  library_id id;
  std::string name;
  device_id created_by;
  std::filesystem::path database;
  library_actor library;
  sync_log_actor log;
  leadership_actor leadership;
  replication_actor replication;
  indexer_actor indexer;
};

/// Closes every library, leaves the network and ends the actor.
struct close_node {};

/// The node to itself: try to open a library again that failed.
struct reopen_library {
  library_id library;
  std::uint32_t attempt = 0;
};

/// One per device: its identity and its libraries; opens, closes, supervises.
/// A library whose actor fails is closed with an event and reopened a while
/// after all its actors have ended; the others are untouched.
using node_actor = caf::typed_actor<
  /// Errors: `invalid_argument` for the name, `already_exists` when a library
  /// of this device has it, and those of opening and of check_new_database.
  /// Then nothing is left behind, and a database elsewhere is as it was.
  caf::replies_to<create_library>::with<library_handles>,
  caf::replies_to<join_library>::with<library_handles>,
  /// Changes nothing. Errors: those of check_new_database.
  caf::replies_to<check_new_file>::with<done>,
  /// The handles of a library, which is opened if it is not yet. Errors:
  /// `not_found`, `corrupt`, `newer_format`, `io`, `read_only`, `disk_full`.
  caf::replies_to<open_library>::with<library_handles>,
  caf::replies_to<close_open_library>::with<done>,
  /// Errors: `not_found`, `busy`, `invalid_argument` for a database elsewhere
  /// without `detach`. Can be repeated after a crash and after an error.
  caf::replies_to<delete_library>::with<done>,
  /// Errors: `not_found`, `busy`, those of the disk. Can be repeated.
  caf::replies_to<repair_library>::with<library_repair>,
  caf::replies_to<list_libraries>::with<library_list>,
  caf::replies_to<close_node>::with<done>, caf::reacts_to<reopen_library>>;

/// What a node is made from.
struct node_setup {
  std::shared_ptr<data_directory> directory;
  device_identity identity;
  settings limits;
  environment env;
  network_actor network;
  event_bus_actor events;
  /// Where this device has the folder that another device indexed; nothing
  /// when it has none. By default the folder of the same path.
  std::function<std::optional<std::filesystem::path>(const bulk_operation&)>
    matching_folder;
  /// For models with the policy `host`.
  std::shared_ptr<const merge_functions> merges = {};
  /// What the log is to say about reaching this device; nothing where it does
  /// not listen.
  std::string certificate = {};
  std::vector<std::string> addresses = {};
};

class node_state;

node_actor::behavior_type
run_node(node_actor::stateful_pointer<node_state> self, node_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(create_library)
LOCKSTEP_LOCAL_MESSAGE(join_library)
LOCKSTEP_LOCAL_MESSAGE(check_new_file)
LOCKSTEP_LOCAL_MESSAGE(open_library)
LOCKSTEP_LOCAL_MESSAGE(close_open_library)
LOCKSTEP_LOCAL_MESSAGE(delete_library)
LOCKSTEP_LOCAL_MESSAGE(repair_library)
LOCKSTEP_LOCAL_MESSAGE(library_repair)
LOCKSTEP_LOCAL_MESSAGE(list_libraries)
LOCKSTEP_LOCAL_MESSAGE(library_list)
LOCKSTEP_LOCAL_MESSAGE(library_handles)
LOCKSTEP_LOCAL_MESSAGE(close_node)
LOCKSTEP_LOCAL_MESSAGE(reopen_library)
