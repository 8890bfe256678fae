#include "apps/embedded/parts.hpp"

#include "actors/local_network.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <optional>

namespace lockstep {

struct runtime::parts {
  caf::actor_system_config config;
  std::optional<caf::actor_system> own;
  caf::actor_system* system = nullptr;
  local_network_actor network;
};

runtime::runtime() : parts_(std::make_unique<parts>()) {
  prepare(parts_->config);
  // Threads that have nothing to do sleep until something comes; CAF's other
  // scheduler has each of them look for work a hundred times a second.
  parts_->config.set("scheduler.policy", caf::atom("sharing"));
  parts_->own.emplace(parts_->config);
  parts_->system = &*parts_->own;
  parts_->network = parts_->system->spawn(local_network);
}

runtime::runtime(caf::actor_system& host) : parts_(std::make_unique<parts>()) {
  parts_->system = &host;
  parts_->network = host.spawn(local_network);
}

runtime::~runtime() {
  caf::anon_send_exit(parts_->network, caf::exit_reason::user_shutdown);
  parts_->network = nullptr;
}

void runtime::prepare(caf::actor_system_config& config) {
  register_errors(config);
  config.load<caf::io::middleman>();
}

void runtime::set_online(device_id device, bool online) {
  caf::anon_send(parts_->network, lockstep::set_online{device, online});
}

caf::actor_system& runtime_access::system(runtime& shared) {
  return *shared.parts_->system;
}

const local_network_actor& runtime_access::network(runtime& shared) {
  return shared.parts_->network;
}

} // namespace lockstep
