#include "apps/embedded/node.hpp"

#include "actors/callback_subscriber.hpp"
#include "actors/node_state.hpp"
#include "actors/tcp_network.hpp"
#include "apps/embedded/membership.hpp"
#include "apps/embedded/parts.hpp"
#include "config/settings_text.hpp"
#include "persistence/atomic_file.hpp"
#include "transport/invitation_text.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <random>
#include <utility>

namespace lockstep {

struct subscription::parts {
  caf::actor_system* system = nullptr;
  event_subscriber subscriber;

  /// Ends the subscription and waits until no callback runs any more.
  void end() {
    const auto actor = caf::actor_cast<caf::actor>(subscriber);
    subscriber = nullptr;
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    caf::scoped_actor self{*system};
    self->wait_for(actor);
  }
};

subscription::subscription() = default;
subscription::subscription(subscription&&) noexcept = default;
subscription& subscription::operator=(subscription&& other) noexcept {
  if (this != &other) {
    if (parts_)
      parts_->end();
    parts_ = std::move(other.parts_);
  }
  return *this;
}
subscription::~subscription() {
  if (parts_)
    parts_->end();
}

struct node::parts {
  caf::actor_system* system = nullptr;
  environment env;
  device_identity identity;
  std::shared_ptr<data_directory> directory;
  /// The handles are let go of while other threads may still ask.
  mutable std::mutex mutex;
  event_bus_actor events;
  node_actor actor;
  /// None where the device is on no network of machines.
  tcp_network_actor network;
  listening place;
  std::string certificate;

  library handle_of(const library_handles& handles) const {
    auto made = std::make_shared<library::parts>();
    made->system = system;
    made->id = handles.id;
    made->name = handles.name;
    made->creator = handles.created_by;
    made->database = handles.database;
    made->library = handles.library.address();
    made->log = handles.log.address();
    made->leadership = handles.leadership.address();
    made->replication = handles.replication.address();
    made->indexer = handles.indexer.address();
    return library{std::move(made)};
  }

  template <class Handle> Handle held(const Handle& handle) const {
    const std::lock_guard lock{mutex};
    return handle;
  }

  template <class T, class Request> expected<T> ask_node(Request request) {
    const auto asked = held(actor);
    if (!asked)
      return fail(errc::closed, "The node is closed.");
    return ask<T, node_actor>(*system, asked.address(), std::move(request))
      .get();
  }

  template <class T, class Request> expected<T> ask_network(Request request) {
    const auto asked = held(network);
    if (!asked)
      return fail(errc::closed, "This device is on no network.");
    return ask<T, tcp_network_actor>(*system, asked.address(),
                                     std::move(request))
      .get();
  }

  /// Goes onto the network of machines.
  expected<void> connect(const network_place& where,
                         const network_settings& limits);

  /// After this, calls are answered with `closed`; the directory is free.
  void end() {
    if (network) {
      const auto gone = caf::actor_cast<caf::actor>(network);
      ask_network<done>(close_network{});
      wait_for_end(gone);
    }
    caf::anon_send_exit(events, caf::exit_reason::user_shutdown);
    const std::lock_guard lock{mutex};
    network = nullptr;
    actor = nullptr;
    events = nullptr;
    directory.reset();
  }

  /// Waits until an actor has ended, so that its files are closed and its
  /// thread is gone.
  void wait_for_end(const caf::actor& ended) {
    caf::scoped_actor self{*system};
    self->wait_for(ended);
  }
};

expected<void> node::parts::connect(const network_place& where,
                                    const network_settings& limits) {
  if (!system->has_middleman())
    return fail(errc::invalid_argument,
                "The host's actor system lacks CAF's I/O; call"
                " runtime::prepare on its configuration.");
  auto key = read_file(identity.key_file);
  if (!key)
    return tl::make_unexpected(key.error());
  auto shown = open_or_create_certificate(directory->path(), identity);
  if (!shown)
    return tl::make_unexpected(shown.error());
  certificate = std::move(*shown);
  auto credentials = tls_credentials::load(certificate, *key);
  if (!credentials)
    return tl::make_unexpected(credentials.error());
  auto trusted = trusted_devices::open(directory->path());
  if (!trusted)
    return tl::make_unexpected(trusted.error());
  network = system->spawn(tcp_network,
                          tcp_network_setup{identity, std::move(*credentials),
                                            std::move(*trusted), limits, env,
                                            where.paired});
  if (!where.listen)
    return {};
  auto found
    = ask_network<listening>(start_listening{*where.listen, where.advertise});
  if (!found)
    return tl::make_unexpected(found.error());
  place = std::move(*found);
  return {};
}

node::node(std::unique_ptr<parts> parts) : parts_(std::move(parts)) {
}
node::node(node&&) noexcept = default;
node& node::operator=(node&& other) noexcept {
  if (this != &other) {
    close();
    parts_ = std::move(other.parts_);
  }
  return *this;
}
node::~node() {
  close();
}

expected<node> node::open(runtime& shared, node_options options) {
  if (auto valid = validate(options.limits); !valid)
    return tl::make_unexpected(valid.error());
  auto directory = data_directory::open(options.data_directory);
  if (!directory)
    return tl::make_unexpected(directory.error());
  auto identity
    = open_or_create_identity(options.data_directory, options.device_name);
  if (!identity)
    return tl::make_unexpected(identity.error());
  auto made = std::make_unique<parts>();
  made->system = &runtime_access::system(shared);
  made->identity = *identity;
  made->directory = std::make_shared<data_directory>(std::move(*directory));
  std::random_device random;
  made->env.seed = std::uint64_t{random()} << 32 | std::uint64_t{random()};
  made->events = made->system->spawn(event_bus, options.limits.events);
  network_actor network = runtime_access::network(shared);
  if (options.network) {
    if (auto connected
        = made->connect(*options.network, options.limits.network);
        !connected) {
      made->end();
      return tl::make_unexpected(connected.error());
    }
    network = made->network;
  }
  made->actor = made->system->spawn(
    run_node,
    node_setup{
      made->directory, made->identity, options.limits, made->env, network,
      made->events, std::move(options.matching_folder),
      std::make_shared<const merge_functions>(std::move(options.merges)),
      made->certificate, made->place.advertised});
  return node{std::move(made)};
}

device_id node::device() const {
  return parts_->identity.id;
}

expected<library> node::create_library(const std::string& name,
                                       const std::filesystem::path& database) {
  return parts_
    ->ask_node<library_handles>(lockstep::create_library{name, database})
    .map([&](const library_handles& handles) {
      return parts_->handle_of(handles);
    });
}

expected<library> node::open_library(const std::string& id_or_name) {
  auto id = parse_id<library_id>(id_or_name);
  if (!id) {
    auto known = libraries();
    if (!known)
      return tl::make_unexpected(known.error());
    for (const auto& one : *known) {
      if (one.name != id_or_name)
        continue;
      if (id)
        return fail(errc::invalid_argument, "Several libraries are named \""
                                              + id_or_name
                                              + "\"; name one by its id.");
      id = one.id;
    }
  }
  if (!id)
    return fail(errc::not_found,
                "There is no library \"" + id_or_name + "\" on this device.");
  return parts_->ask_node<library_handles>(lockstep::open_library{*id})
    .map([&](const library_handles& handles) {
      return parts_->handle_of(handles);
    });
}

expected<std::vector<known_library>> node::libraries() {
  return parts_->ask_node<library_list>(list_libraries{})
    .map([](const library_list& found) {
      std::vector<known_library> list;
      for (const auto& one : found.libraries)
        list.push_back({one.library, one.name, one.open, one.database,
                        one.database_elsewhere});
      return list;
    });
}

expected<std::vector<damaged_library>> node::damaged_libraries() {
  return parts_->ask_node<library_list>(list_libraries{})
    .map([](const library_list& found) {
      std::vector<damaged_library> list;
      for (const auto& one : found.unreadable)
        list.push_back({one.name, one.why});
      return list;
    });
}

expected<void> node::close_library(library_id id) {
  return parts_->ask_node<done>(close_open_library{id}).map([](done) {});
}

expected<void> node::delete_library(library_id id, bool detach) {
  return parts_->ask_node<done>(lockstep::delete_library{id, detach})
    .map([](done) {});
}

expected<library_repair> node::repair_library(library_id id, bool alone) {
  return parts_->ask_node<library_repair>(lockstep::repair_library{id, alone});
}

expected<library> node::share_library(const library& shared, node& with,
                                      const std::filesystem::path& database) {
  auto source = shared;
  auto added
    = source.add_member(with.device(), with.parts_->identity.name).get();
  if (!added)
    return tl::make_unexpected(added.error());
  return with.parts_
    ->ask_node<library_handles>(join_library{
      shared.id(), shared.name(), shared.parts_->creator, device(), database})
    .map([&](const library_handles& handles) {
      return with.parts_->handle_of(handles);
    });
}

const std::string& node::listening_on() const {
  return parts_->place.address;
}

expected<invitation_offer> node::invite(const library& into,
                                        std::chrono::milliseconds lifetime) {
  if (auto is_member = check_membership(into); !is_member)
    return tl::make_unexpected(is_member.error());
  return parts_
    ->ask_network<invitation>(
      make_invitation{into.id(), into.name(), into.parts_->creator,
                      into.parts_->library, lifetime, into.parts_->replication})
    .map([](const invitation& made) {
      return invitation_offer{to_text(made), made.expires_at};
    });
}

expected<joined_library> node::join(const std::string& invitation,
                                    const std::filesystem::path& database) {
  const auto given = parse_invitation(invitation);
  if (!given)
    return tl::make_unexpected(given.error());
  const auto known = libraries();
  if (!known)
    return tl::make_unexpected(known.error());
  for (const auto& one : *known)
    if (one.id == given->library)
      return fail(errc::already_exists,
                  "This device takes part in \"" + one.name
                    + "\" already; where it was removed, take the library off"
                      " it first, with lockstep library delete \""
                    + one.name + "\" --detach.");
  // An invitation is for one device only: it is not to be used up in vain.
  if (auto good = parts_->ask_node<done>(check_new_file{database}); !good)
    return tl::make_unexpected(good.error());
  const auto paired
    = parts_->ask_network<pairing_result>(take_invitation{*given});
  if (!paired)
    return tl::make_unexpected(paired.error());
  return parts_
    ->ask_node<library_handles>(
      join_library{paired->library, paired->library_name, paired->created_by,
                   paired->from, database})
    .map([&](const library_handles& handles) {
      return joined_library{parts_->handle_of(handles), paired->from,
                            paired->verification};
    });
}

expected<void> node::check_membership(const library& of) {
  auto asked = of;
  return check_membership_in(of.name(), asked.status().get(),
                             asked.replication().get(), refusals());
}

expected<std::vector<refused_by>> node::refusals() {
  if (!parts_->held(parts_->network))
    return std::vector<refused_by>{};
  return parts_->ask_network<refusal_list>(read_refusals{})
    .map([](const refusal_list& all) { return all.list; });
}

subscription node::subscribe(std::function<void(const event&)> callback,
                             library_id of) {
  subscription made;
  const auto events = parts_->held(parts_->events);
  if (!events)
    return made;
  made.parts_ = std::make_unique<subscription::parts>();
  made.parts_->system = parts_->system;
  made.parts_->subscriber = spawn_callback_subscriber(
    *parts_->system, parts_->env, events, of, std::move(callback));
  return made;
}

void node::close() {
  if (!parts_ || !parts_->actor)
    return;
  const auto actor = caf::actor_cast<caf::actor>(parts_->actor);
  parts_->ask_node<done>(close_node{});
  parts_->wait_for_end(actor);
  parts_->end();
}

void node::kill() {
  if (!parts_ || !parts_->actor)
    return;
  const auto actor = caf::actor_cast<caf::actor>(parts_->actor);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  parts_->wait_for_end(actor);
  parts_->end();
}

} // namespace lockstep
