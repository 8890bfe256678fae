#pragma once

#include "apps/embedded/library.hpp"
#include "apps/embedded/runtime.hpp"
#include "config/settings.hpp"
#include "messages/events.hpp"
#include "messages/library_repair.hpp"
#include "messages/merge_function.hpp"
#include "messages/paired_device.hpp"
#include "messages/refused_by.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {

/// A device's place on the network of machines.
struct network_place {
  /// HOST:PORT to take connections on; port 0 is any free one. Without it the
  /// device only dials others.
  std::optional<std::string> listen;
  /// HOST:PORT where others are to dial, if that is not what it listens on.
  std::vector<std::string> advertise = {};
  /// Called for each device that an invitation let in, on a thread of
  /// Lockstep's: be quick, and do not wait there.
  std::function<void(const paired_device&)> paired = nullptr;
};

/// How a node is opened.
struct node_options {
  /// The device's own data directory; made when it is not there.
  std::filesystem::path data_directory;
  /// What people call the device; used when the directory is made.
  std::string device_name = "device";
  settings limits;
  /// Where this device has the folder that another device indexed; by default
  /// the folder of the same path, if there is one.
  std::function<std::optional<std::filesystem::path>(const bulk_operation&)>
    matching_folder = nullptr;
  /// By model: how concurrent changes are merged where its policy is `host`;
  /// see merge_with in apps/embedded/merging.hpp.
  merge_functions merges = {};
  /// Sessions with devices of other machines, over TLS. Without it, the device
  /// meets the nodes of its process only.
  std::optional<network_place> network = std::nullopt;
};

/// A line to give to the person of another device.
struct invitation_offer {
  std::string text;
  wall_time expires_at{};
};

/// A library that this device was let into.
struct joined_library {
  library what;
  /// The device that invited.
  device_id from;
  /// Words that the person of that device sees too, if nobody is in between.
  std::string verification;
};

/// A library of this device.
struct known_library {
  library_id id;
  std::string name;
  bool open = false;
  std::filesystem::path database;
  /// Whether that is not in the library's folder.
  bool database_elsewhere = false;
};

/// A library whose library.json cannot be read, so that it has no name.
struct damaged_library {
  /// The name of its folder, which is its id where nobody renamed it.
  std::string folder;
  failure why;
};

/// Ends a subscription when it goes away, and waits for a callback that is
/// running: never end one in its own callback.
class subscription {
public:
  subscription();
  subscription(subscription&&) noexcept;
  subscription& operator=(subscription&&) noexcept;
  ~subscription();

private:
  friend class node;
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// A device: its identity and its libraries. Several may live in one process,
/// each on a data directory of its own. Closes when it goes away. Any thread
/// may call it, also while another one closes it; then calls answer `closed`.
class node {
public:
  /// Errors: `locked` when another process uses the directory, `corrupt`,
  /// `io`, `read_only`, `disk_full`, `invalid_argument` for the settings.
  static expected<node> open(runtime& shared, node_options options);

  node(node&&) noexcept;
  node& operator=(node&&) noexcept;
  ~node();

  [[nodiscard]] device_id device() const;

  /// A new library; this device leads it first. `already_exists` when it has
  /// one of that name; where the making fails, nothing is left of it.
  /// `database` is an SQLite file anywhere, or one to be made, by its whole
  /// path; it stays where it is. Without it, the database lies in the library's
  /// folder.
  expected<library> create_library(const std::string& name,
                                   const std::filesystem::path& database = {});
  /// By id, or by name where only one has it. Opens it when it is closed.
  expected<library> open_library(const std::string& id_or_name);
  expected<std::vector<known_library>> libraries();
  /// Those that `libraries` leaves out.
  expected<std::vector<damaged_library>> damaged_libraries();
  expected<void> close_library(library_id id);
  /// Takes a library off this device, open or not; what is in its folder goes.
  /// A database elsewhere stays, and `detach` must say so: everything of
  /// Lockstep's is taken out of it. Can be repeated when it fails.
  expected<void> delete_library(library_id id, bool detach = false);

  /// Mends a library whose sync.db or database is damaged or lost, from the
  /// other file and, once they are met, from the other members; it is open
  /// afterwards. Damaged files are kept beside. With `alone`, no other member
  /// is waited for. Handles that were there before are closed.
  expected<library_repair> repair_library(library_id id, bool alone = false);

  /// Lets another node of this process take part in a library that this device
  /// leads, and opens it there; `database` as in `create_library`.
  expected<library> share_library(const library& shared, node& with,
                                  const std::filesystem::path& database = {});

  /// HOST:PORT where it takes connections; empty where it does not.
  [[nodiscard]] const std::string& listening_on() const;

  /// Invites one device into a library that is open here. A new invitation
  /// takes the place of an earlier one. Errors: `closed` where this device does
  /// not listen, `not_member` as check_membership.
  expected<invitation_offer> invite(const library& into,
                                    std::chrono::milliseconds lifetime);

  /// Takes up an invitation, and opens the library here; its log is still to
  /// come. `database` as in `create_library`. Errors: `invalid_argument` for
  /// text that is no invitation, `already_exists`, `timed_out` when nobody
  /// answers, `not_member` when the inviting device refuses, and those of
  /// `create_library` for the database, before anybody is asked.
  expected<joined_library> join(const std::string& invitation,
                                const std::filesystem::path& database = {});

  /// `not_member` where this device was removed from the library, as far as it
  /// knows: its log says so, or a member does.
  expected<void> check_membership(const library& of);

  /// Devices that do not let this one in any more, and what they said: it was
  /// removed there, most likely.
  expected<std::vector<refused_by>> refusals();

  /// Calls `callback` for each event of `of` (nil: of all libraries) from now
  /// on, on a thread of its own: a slow callback delays nobody.
  subscription subscribe(std::function<void(const event&)> callback,
                         library_id of = {});

  /// Closes all libraries in order, handing over where this device leads.
  void close();

  /// Ends at once, as a crash would: nothing is handed over, nothing is said.
  /// For demos and tests.
  void kill();

private:
  struct parts;
  explicit node(std::unique_ptr<parts> parts);
  std::unique_ptr<parts> parts_;
};

} // namespace lockstep
