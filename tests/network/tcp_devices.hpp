#pragma once

#include "actors/errors.hpp"
#include "actors/tcp_network.hpp"
#include "persistence/atomic_file.hpp"
#include "tests/support/temporary_directory.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace lockstep {

/// What a gateway was told; actors write it, the test reads it.
class heard_links {
public:
  void up(device_id device) {
    const std::scoped_lock guard{mutex_};
    ++ups_;
    up_.insert(device);
  }
  void down(device_id device) {
    const std::scoped_lock guard{mutex_};
    up_.erase(device);
  }
  void received(const received_frames& what) {
    const std::scoped_lock guard{mutex_};
    for (const auto& piece : *what.frames)
      received_[what.from].insert(received_[what.from].end(), piece.begin(),
                                  piece.end());
  }

  [[nodiscard]] bool is_up(device_id device) const {
    const std::scoped_lock guard{mutex_};
    return up_.contains(device);
  }
  [[nodiscard]] int ups() const {
    const std::scoped_lock guard{mutex_};
    return ups_;
  }
  [[nodiscard]] bytes from(device_id device) const {
    const std::scoped_lock guard{mutex_};
    const auto found = received_.find(device);
    return found == received_.end() ? bytes{} : found->second;
  }

private:
  mutable std::mutex mutex_;
  int ups_ = 0;
  std::set<device_id> up_;
  std::map<device_id, bytes> received_;
};

inline link_listener::behavior_type
fake_gateway(link_listener::pointer, std::shared_ptr<heard_links> into) {
  return {
    [into](const link_up& what) { into->up(what.device); },
    [into](const link_down& what) { into->down(what.device); },
    [into](const received_frames& what) { into->received(what); },
    [](settle_frames) { return done{}; },
  };
}

/// Takes whom it is told to make a member.
inline caf::behavior
fake_library(caf::event_based_actor*,
             std::shared_ptr<std::vector<member_description>> members) {
  return {[members](const describe_member& what) {
    members->push_back(what.what);
    return receipt{};
  }};
}

/// A device on the network, without anything above it.
struct tcp_device {
  device_identity identity;
  std::string certificate;
  tcp_network_actor network;
  link_listener gateway;
  caf::actor library;
  std::shared_ptr<heard_links> heard = std::make_shared<heard_links>();
  std::shared_ptr<std::vector<member_description>> let_in
    = std::make_shared<std::vector<member_description>>();
  listening place;

  [[nodiscard]] device_id id() const {
    return identity.id;
  }
};

/// Devices on this machine's loopback, with real sockets and real time.
class tcp_devices : public testing::Test {
protected:
  struct config : caf::actor_system_config {
    config() {
      register_errors(*this);
      load<caf::io::middleman>();
    }
  };

  tcp_devices() {
    using namespace std::chrono_literals;
    limits.redial_first = 20ms;
    limits.redial_most = 200ms;
  }

  ~tcp_devices() override {
    for (auto& [name, one] : devices)
      stop(one);
    devices.clear();
  }

  void stop(tcp_device& one) {
    if (!one.network)
      return;
    static_cast<void>(ask<done>(one, close_network{}));
    caf::anon_send_exit(one.gateway, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(one.library, caf::exit_reason::user_shutdown);
    one.network = nullptr;
    one.gateway = nullptr;
    one.library = nullptr;
  }

  tcp_device& start(const std::string& name) {
    const auto data = folder / name;
    auto& made = devices[name];
    made.heard = std::make_shared<heard_links>();
    made.identity = open_or_create_identity(data, name).value();
    made.certificate = open_or_create_certificate(data, made.identity).value();
    const auto key = read_file(made.identity.key_file).value();
    environment env;
    env.seed = std::hash<std::string>{}(name);
    made.network = system.spawn(
      tcp_network,
      tcp_network_setup{
        made.identity, tls_credentials::load(made.certificate, key).value(),
        trusted_devices::open(data).value(), limits, env, nullptr, offences});
    made.gateway = system.spawn(fake_gateway, made.heard);
    made.library = system.spawn(fake_library, made.let_in);
    made.place
      = ask<listening>(made, start_listening{"127.0.0.1:0", {}}).value();
    caf::anon_send(made.network, attach_gateway{made.id(), made.gateway});
    return made;
  }

  template <class T, class Request>
  expected<T> ask(const tcp_device& whom, Request what) {
    expected<T> result = fail(errc::internal, "no answer");
    caf::scoped_actor self{system};
    self->request(whom.network, std::chrono::seconds{30}, std::move(what))
      .receive([&](T& value) { result = std::move(value); },
               [&](const caf::error& why) {
                 result = tl::make_unexpected(to_failure(why));
               });
    return result;
  }

  expected<invitation> invite(const tcp_device& host,
                              duration lifetime = std::chrono::hours{1}) {
    return ask<invitation>(host,
                           make_invitation{photos, "photos", host.id(),
                                           host.library.address(), lifetime});
  }

  expected<pairing_result> join(const tcp_device& guest,
                                const invitation& given) {
    return ask<pairing_result>(guest, take_invitation{given});
  }

  static bool eventually(const std::function<bool()>& holds) {
    const auto end
      = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= end)
        return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
  }

  static bool are_linked(const tcp_device& a, const tcp_device& b) {
    return a.heard->is_up(b.id()) && b.heard->is_up(a.id());
  }

  void say(const tcp_device& from, const tcp_device& to, const bytes& what) {
    caf::anon_send(from.network,
                   carry_frames{from.id(), to.id(),
                                std::make_shared<const std::vector<bytes>>(
                                  std::vector<bytes>{what})});
  }

  /// A new device that takes part in Ann's photos.
  void pair(tcp_device& host, tcp_device& guest) {
    const auto joined = join(guest, invite(host).value());
    ASSERT_TRUE(joined) << joined.error().message;
    ASSERT_TRUE(eventually([&] { return are_linked(host, guest); }));
  }

  static constexpr library_id photos{{10}};

  network_settings limits;
  offender_limits offences;
  temporary_directory folder;
  config made_config;
  caf::actor_system system{made_config};
  std::map<std::string, tcp_device> devices;
};

} // namespace lockstep
