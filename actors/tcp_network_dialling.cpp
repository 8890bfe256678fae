#include "actors/errors.hpp"
#include "actors/listener.hpp"
#include "actors/listening_place.hpp"
#include "actors/logging.hpp"
#include "actors/tcp_network.hpp"

#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>

// How a device comes to others, and they to it.
namespace lockstep {

namespace {

constexpr std::chrono::seconds listening_patience{10};
/// Whatever is set: the network is everybody's.
constexpr std::chrono::milliseconds discovery_least{100};

} // namespace

duration tcp_network_state::next_wait(std::uint32_t failures) {
  constexpr std::uint32_t doublings_most = 20;
  const auto& limits = setup_->limits;
  auto wait = limits.redial_first;
  for (std::uint32_t i = 0;
       i < std::min(failures, doublings_most) && wait < limits.redial_most; ++i)
    wait *= 2;
  wait = std::min(wait, limits.redial_most);
  // Half of it to all of it, so that devices do not dial in step.
  const auto half = wait / 2;
  const auto steps = static_cast<std::uint64_t>(half.count()) + 1;
  return half + duration{static_cast<duration::rep>(random_() % steps)};
}

void tcp_network_state::dial_soon(device_id device, bool at_once) {
  const auto* known = setup_->trusted.find(device);
  if (closing_ || !gateway_ || known == nullptr || sessions_.contains(device)
      || (known->addresses.empty() && !sightings_.knows(device)))
    return;
  auto& way = routes_[device];
  if (way.dialling)
    return;
  const struct dial_again next { device, ++way.generation };
  const auto wait = std::max(
    at_once && way.failures == 0 ? duration::zero() : next_wait(way.failures),
    kept_out(device));
  self_->delayed_send(self_, wait, next);
}

void tcp_network_state::dial_again(const struct dial_again& what) {
  auto& way = routes_[what.device];
  const auto* known = setup_->trusted.find(what.device);
  if (closing_ || way.generation != what.generation || way.dialling
      || known == nullptr || sessions_.contains(what.device))
    return;
  way.dialling = true;
  // Taken back by the session.
  ++way.failures;
  auto addresses = known->addresses;
  // Last, as anybody may have said so, and who answers there ends the dial.
  for (const auto& one : sightings_.due(what.device))
    if (std::find(addresses.begin(), addresses.end(), one) == addresses.end())
      addresses.push_back(one);
  start_dial({what.device, nullptr}, std::move(addresses));
}

void tcp_network_state::hear(const device_announced& what) {
  if (closing_ || !gateway_ || !is_trusted(what.device)
      || sessions_.contains(what.device))
    return;
  sightings_.note(what.device, what.address);
  dial_sighted(what.device);
}

bool tcp_network_state::dial_sighted(device_id device) {
  if (closing_ || !gateway_ || !is_trusted(device) || sessions_.contains(device)
      || kept_out(device) > duration::zero())
    return false;
  auto& way = routes_[device];
  if (way.dialling)
    return false;
  auto places = sightings_.take(device);
  if (places.empty())
    return false;
  logger().debug("{}: device {} is said to be at {}",
                 to_string(setup_->identity.id), to_string(device),
                 places.front());
  way.dialling = true;
  start_dial({device, nullptr}, std::move(places));
  return true;
}

void tcp_network_state::discover(const listening_place& place,
                                 std::uint16_t port) {
  const auto period = setup_->limits.discovery;
  if (period == duration::zero() || place.is_loopback())
    return;
  self_->spawn<caf::detached>(
    discovery, discovery_order{{setup_->identity.id, port},
                               place.is_any() ? std::string{} : place.host,
                               std::max<duration>(period, discovery_least),
                               setup_->env.seed,
                               dial_end_,
                               self_});
}

std::vector<std::string> tcp_network_state::own_places() const {
  if (!place_ || !advertised_.empty())
    return advertised_;
  // A device moves while it listens.
  return place_->is_any() ? own_addresses(place_->port)
                          : std::vector{to_address(place_->host, place_->port)};
}

std::vector<std::string> tcp_network_state::advertised() const {
  auto places = own_places();
  if (place_ && places.empty())
    places.push_back(to_address("127.0.0.1", place_->port));
  return places;
}

void tcp_network_state::start_dial(dial what,
                                   std::vector<std::string> addresses) {
  const auto number = ++last_dial_;
  dials_[number] = std::move(what);
  self_->spawn<caf::detached>(dialler, dial_order{number, std::move(addresses),
                                                  setup_->limits.dial_timeout,
                                                  dial_end_, self_});
}

void tcp_network_state::dial_ended(const dialled& what) {
  const auto found = dials_.find(what.dial);
  if (found == dials_.end())
    return;
  const auto ended = std::move(found->second);
  dials_.erase(found);
  if (closing_)
    return;
  if (!what.socket) {
    logger().debug("{}: {}", to_string(setup_->identity.id), what.why.message);
    if (ended.attempt)
      fail_attempt(ended.attempt, what.why);
    if (!ended.device.is_nil()) {
      routes_[ended.device].dialling = false;
      if (!dial_sighted(ended.device))
        dial_soon(ended.device, false);
    }
    return;
  }
  const auto made = self_->system().middleman().spawn_broker(
    dialled_connection, what.socket,
    connection_setup{setup_->credentials, tls_role::client, self_,
                     setup_->limits});
  self_->monitor(made);
  auto& added = links_[made.address()];
  added.connection = made;
  added.outgoing = true;
  added.wanted = ended.device;
  added.attempt = ended.attempt;
}

caf::typed_response_promise<listening>
tcp_network_state::listen(const start_listening& what) {
  auto promise = self_->make_response_promise<listening>();
  const auto place = parse_place(what.address);
  if (!place || listener_) {
    promise.deliver(
      to_error({errc::invalid_argument,
                "\"" + what.address
                  + "\" is no address to listen on; write HOST:PORT."}));
    return promise;
  }
  listener_ = self_->system().middleman().spawn_broker(
    listener,
    listener_setup{place->is_any() ? std::string{} : place->host, place->port,
                   connection_setup{setup_->credentials, tls_role::server,
                                    self_, setup_->limits},
                   setup_->offences});
  self_->request(listener_, listening_patience, open_listener{})
    .then(
      [this, promise, what, place = *place](const listening_at& at) mutable {
        place_ = listening_place{place.host, at.port};
        advertised_ = what.advertise;
        discover(place, at.port);
        promise.deliver(
          listening{to_address(place.host, at.port), advertised()});
      },
      [promise](caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

void tcp_network_state::close() {
  closing_ = true;
  cancel_dials(*dial_end_);
  detach(setup_->identity.id);
  invitations_.clear();
  for (auto& [address, one] : links_) {
    if (one.attempt)
      fail_attempt(one.attempt, {errc::closed, "This device is closing."});
    caf::anon_send(one.connection, end_connection{});
  }
  for (auto& [number, one] : dials_)
    if (one.attempt)
      fail_attempt(one.attempt, {errc::closed, "This device is closing."});
  if (listener_)
    caf::anon_send(listener_, close_listener{});
  listener_ = nullptr;
}

} // namespace lockstep
