#include "actors/tcp_network.hpp"

#include "actors/errors.hpp"
#include "actors/listener.hpp"
#include "actors/logging.hpp"
#include "transport/link_codec.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace lockstep {

namespace {

using namespace std::chrono_literals;

constexpr auto gateway_patience = 60s;
/// Two devices that dial each other at once do so within this time.
constexpr auto double_dial_span = 5s;

} // namespace

void tcp_network_state::start(pointer self, tcp_network_setup setup) {
  self_ = self;
  setup_ = std::move(setup);
  random_.seed(setup_->env.seed);
  offenders_ = offenders{setup_->offences};
  dial_end_ = make_dial_end();
  self_->set_down_handler([this](const caf::down_msg& down) { lost(down); });
}

tcp_network_state::~tcp_network_state() {
  if (dial_end_)
    cancel_dials(*dial_end_);
}

template <class Message>
void tcp_network_state::tell_gateway(const Message& what) {
  if (const auto gateway = caf::actor_cast<link_listener>(
        caf::actor_cast<caf::strong_actor_ptr>(gateway_)))
    self_->send(gateway, what);
}

tcp_network_state::link* tcp_network_state::find(const caf::actor& connection) {
  const auto found = links_.find(connection.address());
  return found == links_.end() ? nullptr : &found->second;
}

void tcp_network_state::attach(const attach_gateway& what) {
  gateway_ = what.gateway.address();
  for (const auto& [device, session] : sessions_)
    tell_gateway(link_up{device});
  for (const auto& [device, known] : setup_->trusted.list())
    dial_soon(device, true);
}

void tcp_network_state::detach(device_id) {
  while (!sessions_.empty())
    end_session(sessions_.begin()->first);
  gateway_ = nullptr;
}

void tcp_network_state::carry(const carry_frames& what) {
  const auto session = sessions_.find(what.to);
  if (session == sessions_.end())
    return;
  caf::anon_send(links_.at(session->second).connection,
                 send_frames{what.frames});
}

void tcp_network_state::drop(const drop_link& what) {
  offend(what.to, what.why);
  end_session(what.to);
}

caf::typed_response_promise<done>
tcp_network_state::receive(const link_data& what) {
  auto promise = self_->make_response_promise<done>();
  const auto* from = find(what.connection);
  const auto gateway = caf::actor_cast<link_listener>(
    caf::actor_cast<caf::strong_actor_ptr>(gateway_));
  if (from == nullptr || from->state != standing::session || !gateway) {
    promise.deliver(to_error({errc::closed, "The session is over."}));
    return promise;
  }
  self_->send(gateway, received_frames{from->device, what.pieces});
  self_->request(gateway, gateway_patience, settle_frames{})
    .then([promise](const done&) mutable { promise.deliver(done{}); },
          [promise](caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

link_verdict tcp_network_state::refuse(link& what, const std::string& reason,
                                       bool removed) {
  return {link_verdict::step::close,
          {link_refused{reason, removed}},
          {errc::not_member,
           "Device " + to_string(what.device) + " was refused: " + reason}};
}

link_verdict tcp_network_state::secured(const link_secured& what) {
  auto* known = find(what.connection);
  if (known == nullptr) {
    // It came in; one that was dialled is known from the beginning.
    self_->monitor(what.connection);
    known = &links_[what.connection.address()];
    known->connection = what.connection;
  }
  known->peer = what.peer;
  known->device = device_of(what.peer.key);
  known->address = what.address;
  known->exporter = what.exporter;
  if (closing_)
    return {link_verdict::step::close, {}, {errc::closed, "It is closing."}};
  if (known->device == setup_->identity.id)
    return {link_verdict::step::close,
            {},
            {errc::not_member, "This device has dialled itself."}};
  if (kept_out(known->device) > duration::zero())
    return refuse(*known, "it broke the protocol, and is kept out for a"
                          " while.");
  if (!known->outgoing)
    return {link_verdict::step::talk, {}, {}};
  auto greeting = session_greeting();
  if (known->attempt) {
    if (auto met = known->attempt->machine.meet(
          digest_of(what.peer.key), setup_->env.wall(self_->clock().now()));
        !met) {
      fail_attempt(known->attempt, met.error());
      return {link_verdict::step::close, {}, met.error()};
    }
    greeting.purpose = link_purpose::pairing;
    greeting.addresses.clear();
  } else if (known->device != known->wanted) {
    return {link_verdict::step::close,
            {},
            {errc::not_member,
             "Device " + to_string(known->device) + " answers where device "
               + to_string(known->wanted) + " was expected."}};
  }
  return {link_verdict::step::talk, {greeting}, {}};
}

caf::typed_response_promise<link_verdict>
tcp_network_state::heard(const link_heard& what) {
  auto* from = find(what.connection);
  // Only one promise can be made of a request.
  auto answer = [this](link_verdict verdict) {
    auto promise = self_->make_response_promise<link_verdict>();
    promise.deliver(std::move(verdict));
    return promise;
  };
  if (from == nullptr || closing_)
    return answer({link_verdict::step::close, {}, {errc::closed, "Closing."}});
  if (const auto* refused = std::get_if<link_refused>(&what.message)) {
    const failure why{errc::not_member,
                      "The other device refuses: " + refused->reason};
    if (from->attempt)
      fail_attempt(from->attempt, why);
    else if (from->outgoing && !sessions_.contains(from->device))
      refusals_[from->device] = *refused;
    return answer({link_verdict::step::close, {}, why});
  }
  if (const auto* said = std::get_if<link_greeting>(&what.message);
      said != nullptr && from->state == standing::fresh)
    return answer(greet(*from, *said));
  if (const auto* said = std::get_if<join_request>(&what.message);
      said != nullptr && from->state == standing::host)
    return admit(*from, *said);
  if (const auto* said = std::get_if<join_accepted>(&what.message);
      said != nullptr && from->state == standing::guest)
    return answer(be_admitted(*from, *said));
  const failure why{errc::protocol_violation,
                    "Device " + to_string(from->device)
                      + " says something out of order."};
  offend(*from, why);
  return answer({link_verdict::step::close, {}, why});
}

link_verdict tcp_network_state::greet(link& what, const link_greeting& said) {
  if (said.oldest_version > link_version || said.version < link_version_oldest)
    return refuse(what,
                  said.oldest_version > link_version
                    ? "this device speaks an older version of the protocol;"
                      " update Lockstep on it."
                    : "your version of Lockstep is too old; update it.");
  if (what.outgoing)
    return be_greeted(what, said);
  auto greeting = session_greeting();
  if (said.purpose == link_purpose::pairing) {
    greeting.purpose = said.purpose;
    greeting.addresses.clear();
    const auto now = self_->clock().now();
    const bool any_open = std::any_of(
      invitations_.begin(), invitations_.end(),
      [&](const auto& one) { return one.second.machine.is_open(now); });
    if (!any_open)
      return refuse(what, "no invitation is open on this device; ask for a"
                          " new one.");
    what.state = standing::host;
    return {link_verdict::step::talk, {greeting}, {}};
  }
  if (!is_trusted(what.device)) {
    const bool removed = was_removed(what.device);
    return refuse(what,
                  removed ? "your device is no member any more."
                          : "this device does not know yours; pair them by an"
                            " invitation.",
                  removed);
  }
  if (!prevails(what))
    return refuse(what, "there is a session already.");
  learn_place(what.device, said.addresses);
  if (listener_)
    caf::anon_send(listener_, friend_came{what.address});
  begin_session(what);
  return {link_verdict::step::session, {greeting}, {}};
}

link_verdict tcp_network_state::be_greeted(link& what,
                                           const link_greeting& said) {
  if (what.attempt)
    return ask_to_join(what);
  if (!is_trusted(what.device) || !prevails(what))
    return {link_verdict::step::close, {}, {errc::none, {}}};
  learn_place(what.device, said.addresses);
  begin_session(what);
  return {link_verdict::step::session, {}, {}};
}

bool tcp_network_state::prevails(const link& what) const {
  const auto found = sessions_.find(what.device);
  if (found == sessions_.end())
    return true;
  const auto& known = links_.at(found->second);
  // A device that dials again has lost its end of the session.
  if (known.outgoing == what.outgoing
      || self_->clock().now() - known.since > double_dial_span)
    return true;
  // Both dialled at once: that of the lower id stays, on both sides.
  return what.outgoing == (setup_->identity.id < what.device);
}

void tcp_network_state::begin_session(link& what) {
  end_session(what.device);
  what.state = standing::session;
  what.since = self_->clock().now();
  sessions_[what.device] = what.connection.address();
  refusals_.erase(what.device);
  sightings_.forget(what.device);
  auto& way = routes_[what.device];
  way.failures = 0;
  ++way.generation;
  tell_gateway(link_up{what.device});
}

void tcp_network_state::end_session(device_id device) {
  const auto found = sessions_.find(device);
  if (found == sessions_.end())
    return;
  caf::anon_send(links_.at(found->second).connection, end_connection{});
  links_.at(found->second).state = standing::fresh;
  sessions_.erase(found);
  tell_gateway(link_down{device});
}

void tcp_network_state::lost(const caf::down_msg& down) {
  const auto found = links_.find(down.source);
  if (found == links_.end())
    return;
  const auto ended = std::move(found->second);
  links_.erase(found);
  const bool in_order = down.reason == caf::exit_reason::user_shutdown;
  const auto why = in_order ? failure{errc::none, {}} : to_failure(down.reason);
  if (!in_order)
    logger().info("{}: a connection{} ended: {}",
                  to_string(setup_->identity.id),
                  ended.device.is_nil() ? std::string{}
                                        : " with " + to_string(ended.device),
                  why.message);
  if (ended.attempt)
    fail_attempt(ended.attempt,
                 in_order ? failure{errc::closed, "The other device ended the"
                                                  " connection."}
                          : why);
  if (ended.state == standing::session) {
    sessions_.erase(ended.device);
    tell_gateway(link_down{ended.device});
  }
  const auto again = ended.wanted.is_nil() ? ended.device : ended.wanted;
  if (!ended.wanted.is_nil())
    routes_[again].dialling = false;
  if (!again.is_nil() && !dial_sighted(again))
    dial_soon(again, false);
}

tcp_network_actor::behavior_type tcp_network(tcp_network_state::pointer self,
                                             tcp_network_setup setup) {
  auto& state = self->state;
  state.start(self, std::move(setup));
  return {
    [&state](const attach_gateway& what) { state.attach(what); },
    [&state](const detach_gateway& what) { state.detach(what.device); },
    [&state](const carry_frames& what) { state.carry(what); },
    [&state](const drop_link& what) { state.drop(what); },
    [&state](const introduce_members& what) { state.introduce(what); },
    [&state](const start_listening& what) { return state.listen(what); },
    [&state](const make_invitation& what) { return state.invite(what); },
    [&state](const take_invitation& what) { return state.pair(what); },
    [self](close_network) {
      self->state.close();
      self->quit();
      return done{};
    },
    [&state](const link_secured& what) { return state.secured(what); },
    [&state](const link_heard& what) { return state.heard(what); },
    [&state](const link_data& what) { return state.receive(what); },
    [&state](const link_broken& what) { state.broken(what); },
    [&state](read_refusals) { return state.refusals(); },
    [&state](const dialled& what) { state.dial_ended(what); },
    [&state](const device_announced& what) { state.hear(what); },
    [&state](const struct dial_again& what) { state.dial_again(what); },
  };
}

} // namespace lockstep
