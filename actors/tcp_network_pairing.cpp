#include "actors/errors.hpp"
#include "actors/logging.hpp"
#include "actors/tcp_network.hpp"
#include "persistence/described_file.hpp"
#include "protocol/verification_words.hpp"

#include <caf/actor_cast.hpp>

// How devices come to trust each other.
namespace lockstep {

namespace {

using namespace std::chrono_literals;

constexpr auto admission_patience = 20s;
constexpr auto host_was_removed
  = "the inviting device is no member of the library any more; ask one that"
    " is.";

} // namespace

pairing_channel tcp_network_state::channel_of(const link& what,
                                              library_id library) const {
  const auto own = digest_of(setup_->identity.key);
  const auto other = digest_of(what.peer.key);
  return {library, what.exporter, what.outgoing ? own : other,
          what.outgoing ? other : own};
}

caf::result<invitation> tcp_network_state::invite(const make_invitation& what) {
  if (advertised().empty())
    return to_error({errc::closed, "This device does not listen, so nobody"
                                   " could use an invitation; run lockstep"
                                   " serve."});
  const auto secret = make_pairing_secret();
  if (!secret)
    return to_error(secret.error());
  if (was_removed_from(what.library))
    return to_error(removed_from(what.library_name));
  const auto now = self_->clock().now();
  invitations_.insert_or_assign(
    what.library,
    open_invitation{pairing_host{now + what.lifetime}, *secret, what});
  invitation made;
  made.library = what.library;
  made.library_name = what.library_name;
  made.fingerprint = digest_of(setup_->identity.key);
  made.secret = *secret;
  made.expires_at
    = setup_->env.wall(now)
      + std::chrono::duration_cast<std::chrono::milliseconds>(what.lifetime);
  made.addresses = advertised();
  return made;
}

caf::typed_response_promise<link_verdict>
tcp_network_state::admit(link& what, const join_request& said) {
  auto promise = self_->make_response_promise<link_verdict>();
  auto say_no = [&](const std::string& reason) {
    promise.deliver(refuse(what, reason));
    return promise;
  };
  if (auto good = check_name("Your device's name", said.device_name); !good)
    return say_no(good.error().message);
  const auto found = invitations_.find(said.library);
  // As where the proof is wrong.
  if (found == invitations_.end())
    return say_no(pairing_host::refusal().message);
  auto& open = found->second;
  const auto channel = channel_of(what, said.library);
  const bool right = is_same_proof(
    said.proof, proof_of(open.secret, channel, pairing_side::guest));
  if (auto judged = open.machine.judge(right, self_->clock().now()); !judged)
    return say_no(judged.error().message);
  if (was_removed_from(said.library))
    return say_no(host_was_removed);
  const auto library = caf::actor_cast<library_actor>(
    caf::actor_cast<caf::strong_actor_ptr>(open.what.library_actor));
  if (!library)
    return say_no("the library is closed on this device.");
  const bool was_trusted = is_trusted(what.device);
  if (auto put = setup_->trusted.put(
        {what.device, said.device_name, what.peer.certificate, said.addresses});
      !put)
    return say_no(put.error().message);
  const auto& guest = *setup_->trusted.find(what.device);
  const member_description added{
    {guest.id, guest.name, false}, guest.certificate, guest.addresses};
  const join_accepted yes{proof_of(open.secret, channel, pairing_side::host),
                          open.what.library_name, open.what.created_by,
                          setup_->identity.name, advertised()};
  const paired_device news{said.library, guest.id, guest.name,
                           verification_words(verification_of(channel))};
  const admission asked{library, added, yes, news, was_trusted, promise};
  const auto replication = caf::actor_cast<replication_actor>(
    caf::actor_cast<caf::strong_actor_ptr>(open.what.replication_actor));
  if (!replication) {
    let_in(asked);
    return promise;
  }
  self_->request(replication, admission_patience, read_replication{})
    .then(
      [this, asked](const replication_view& now) {
        if (is_turned_away(now))
          turn_down(asked, {errc::not_member, host_was_removed});
        else
          let_in(asked);
      },
      [this, asked](const caf::error& why) {
        turn_down(asked, to_failure(why));
      });
  return promise;
}

void tcp_network_state::let_in(const admission& what) {
  self_->request(what.into, admission_patience, describe_member{what.guest})
    .then(
      [this, what](const receipt&) {
        logger().info("library {}: {} (\"{}\") was let in",
                      to_string(what.news.library), to_string(what.news.device),
                      what.news.name);
        if (setup_->paired)
          setup_->paired(what.news);
        auto promise = what.promise;
        promise.deliver(link_verdict{link_verdict::step::talk, {what.yes}, {}});
      },
      [this, what](const caf::error& why) {
        turn_down(what, to_failure(why));
      });
}

void tcp_network_state::turn_down(const admission& what, const failure& why) {
  if (!what.was_trusted)
    static_cast<void>(setup_->trusted.remove(what.news.device));
  auto promise = what.promise;
  promise.deliver(
    link_verdict{link_verdict::step::close, {link_refused{why.message}}, why});
}

caf::typed_response_promise<pairing_result>
tcp_network_state::pair(const take_invitation& what) {
  auto attempt = std::make_shared<guest_attempt>(
    guest_attempt{what.given, pairing_guest{what.given},
                  self_->make_response_promise<pairing_result>()});
  auto promise = attempt->promise;
  start_dial({device_id{}, std::move(attempt)}, what.given.addresses);
  return promise;
}

link_verdict tcp_network_state::ask_to_join(link& what) {
  what.state = standing::guest;
  const auto& given = what.attempt->given;
  const auto channel = channel_of(what, given.library);
  return {link_verdict::step::talk,
          {join_request{given.library,
                        proof_of(given.secret, channel, pairing_side::guest),
                        setup_->identity.name, advertised()}},
          {}};
}

link_verdict tcp_network_state::be_admitted(link& what,
                                            const join_accepted& said) {
  const auto attempt = what.attempt;
  const auto& given = attempt->given;
  const auto channel = channel_of(what, given.library);
  const bool right = is_same_proof(
    said.proof, proof_of(given.secret, channel, pairing_side::host));
  auto trust = attempt->machine.conclude(right).and_then([&] {
    auto addresses = said.addresses;
    // What was just reached comes first where the device names nothing.
    if (addresses.empty())
      addresses = given.addresses;
    return setup_->trusted.put(
      {what.device, said.device_name, what.peer.certificate, addresses});
  });
  if (!trust) {
    fail_attempt(attempt, trust.error());
    return {link_verdict::step::close, {}, trust.error()};
  }
  attempt->promise.deliver(
    pairing_result{given.library, said.library_name, said.created_by,
                   what.device, verification_words(verification_of(channel))});
  what.attempt = nullptr;
  return {link_verdict::step::close, {}, {errc::none, {}}};
}

void tcp_network_state::fail_attempt(const std::shared_ptr<guest_attempt>& what,
                                     failure why) {
  if (what->promise.pending())
    what->promise.deliver(to_error(why));
}

} // namespace lockstep
