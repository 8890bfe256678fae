#pragma once

#include "actors/connection.hpp"
#include "actors/dialler.hpp"
#include "actors/discovery.hpp"
#include "actors/environment.hpp"
#include "actors/library.hpp"
#include "actors/listening_place.hpp"
#include "actors/network.hpp"
#include "actors/replication.hpp"
#include "config/network_settings.hpp"
#include "messages/paired_device.hpp"
#include "messages/refused_by.hpp"
#include "persistence/device_certificate.hpp"
#include "persistence/trusted_devices.hpp"
#include "protocol/offenders.hpp"
#include "protocol/pairing.hpp"
#include "protocol/sightings.hpp"
#include "transport/pairing_proof.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace lockstep {

/// Takes connections on HOST:PORT; an empty host is any, port 0 any free one.
struct start_listening {
  std::string address;
  /// Where others are to dial; empty: as it turns out.
  std::vector<std::string> advertise;
};

struct listening {
  /// HOST:PORT.
  std::string address;
  /// What the log and invitations tell others.
  std::vector<std::string> advertised;
};

/// Opens an invitation for one device into a library that is open here.
struct make_invitation {
  library_id library;
  std::string library_name;
  device_id created_by;
  caf::actor_addr library_actor;
  duration lifetime{};
  /// Knows who refuses this device in the library; may be left out.
  caf::actor_addr replication_actor = {};
};

/// Takes up another device's invitation.
struct take_invitation {
  invitation given;
};

/// This device may join now, and both trust each other.
struct pairing_result {
  library_id library;
  std::string library_name;
  device_id created_by;
  device_id from;
  /// The same words are shown on the other device.
  std::string verification;
};

struct close_network {};

/// The network to itself: dial this device, unless that is over.
struct dial_again {
  device_id device;
  std::uint64_t generation = 0;
};

/// One per device that is on the network of machines: sessions over TLS with
/// the devices that it trusts, and pairing with those that have an invitation.
/// To gateways it is a network as any other.
using tcp_network_actor = network_actor::extend<
  /// Errors: `io` for an address that cannot be had, `invalid_argument`.
  caf::replies_to<start_listening>::with<listening>,
  /// Replaces an earlier invitation into the library. Errors: `closed` where
  /// the device does not listen.
  caf::replies_to<make_invitation>::with<invitation>,
  /// Errors: `timed_out` when nobody answers, `not_member` when the other
  /// device refuses, `protocol_violation`.
  caf::replies_to<take_invitation>::with<pairing_result>,
  /// Who does not let this device in any more.
  caf::replies_to<read_refusals>::with<refusal_list>,
  /// Ends all sessions and the actor.
  caf::replies_to<close_network>::with<done>,
  // Connections.
  caf::replies_to<link_secured>::with<link_verdict>,
  caf::replies_to<link_heard>::with<link_verdict>,
  caf::replies_to<link_data>::with<done>, caf::reacts_to<link_broken>,
  // The dialler, what is heard on local networks, and the network to itself.
  caf::reacts_to<dialled>, caf::reacts_to<device_announced>,
  caf::reacts_to<dial_again>>;

struct tcp_network_setup {
  device_identity identity;
  tls_credentials credentials;
  trusted_devices trusted;
  network_settings limits;
  environment env;
  /// Called for each, on a thread that runs actors.
  std::function<void(const paired_device&)> paired;
  /// How long devices, and addresses of strangers, are kept out.
  offender_limits offences{};
};

class tcp_network_state {
public:
  static inline const char* name = "tcp_network";
  using pointer = tcp_network_actor::stateful_pointer<tcp_network_state>;

  /// Ends what waits on threads of its own, however the actor came to its end.
  ~tcp_network_state();

  void start(pointer self, tcp_network_setup setup);

  caf::typed_response_promise<listening> listen(const start_listening& what);
  void attach(const attach_gateway& what);
  void detach(device_id gateway);
  void carry(const carry_frames& what);
  void drop(const drop_link& what);
  void introduce(const introduce_members& what);
  void lost(const caf::down_msg& down);
  caf::typed_response_promise<done> receive(const link_data& what);
  link_verdict secured(const link_secured& what);
  void broken(const link_broken& what);
  caf::typed_response_promise<link_verdict> heard(const link_heard& what);
  [[nodiscard]] refusal_list refusals() const;
  void dial_ended(const dialled& what);
  void dial_again(const struct dial_again& what);
  void hear(const device_announced& what);
  caf::result<invitation> invite(const make_invitation& what);
  caf::typed_response_promise<pairing_result> pair(const take_invitation& what);
  void close();

private:
  enum class standing : std::uint8_t {
    fresh,   ///< TLS is not up, or nothing was said.
    guest,   ///< This device asks to be let in.
    host,    ///< The other device does.
    session, ///< Carries frames.
  };

  /// This device's attempt to be let in somewhere.
  struct guest_attempt {
    invitation given;
    pairing_guest machine;
    caf::typed_response_promise<pairing_result> promise;
  };

  struct link {
    caf::actor connection;
    bool outgoing = false;
    standing state = standing::fresh;
    /// Known once TLS is up.
    device_id device;
    std::string address;
    tls_peer peer;
    tls_exporter exporter{};
    time_point since{};
    /// Whom this device dialled; nil for a guest and for what came in.
    device_id wanted;
    std::shared_ptr<guest_attempt> attempt;
  };

  struct route {
    std::uint64_t generation = 0;
    std::uint32_t failures = 0;
    bool dialling = false;
  };

  struct dial {
    device_id device;
    std::shared_ptr<guest_attempt> attempt;
  };

  struct open_invitation {
    pairing_host machine;
    pairing_secret secret;
    make_invitation what;
  };

  /// A guest that has proved the secret.
  struct admission {
    library_actor into;
    member_description guest;
    join_accepted yes;
    paired_device news;
    bool was_trusted = false;
    caf::typed_response_promise<link_verdict> promise;
  };

  // Sessions.
  link* find(const caf::actor& connection);
  [[nodiscard]] bool is_trusted(device_id device) const;
  [[nodiscard]] bool was_removed(device_id device) const;
  void let_in(const admission& what);
  void turn_down(const admission& what, const failure& why);
  /// Whether this device was: its log says so, or a member does.
  [[nodiscard]] bool was_removed_from(library_id library) const;
  /// Whether a new session of this link goes before the one that is there.
  [[nodiscard]] bool prevails(const link& what) const;
  void begin_session(link& what);
  void end_session(device_id device);
  link_verdict greet(link& what, const link_greeting& said);
  link_verdict be_greeted(link& what, const link_greeting& said);
  link_verdict refuse(link& what, const std::string& reason,
                      bool removed = false);
  void meet(library_id library, const member_description& what);
  /// A trusted device itself says where it is.
  void learn_place(device_id device, const std::vector<std::string>& said);
  template <class Message> void tell_gateway(const Message& what);
  [[nodiscard]] bool is_member_elsewhere(device_id device,
                                         library_id but) const;

  // Who broke the protocol.
  void offend(const link& by, const failure& why);
  void offend(device_id by, const failure& why);
  /// How much longer; zero for who may come.
  [[nodiscard]] duration kept_out(device_id device) const;
  [[nodiscard]] link_greeting session_greeting() const;

  // Dialling.
  void dial_soon(device_id device, bool at_once);
  void start_dial(dial what, std::vector<std::string> addresses);
  duration next_wait(std::uint32_t failures);
  /// Dials where the device was said to be; whether there was anything to do.
  bool dial_sighted(device_id device);
  /// Begins to speak and to hear on local networks.
  void discover(const listening_place& place, std::uint16_t port);
  /// Where others are to dial now; empty where this device does not listen, or
  /// has no network.
  [[nodiscard]] std::vector<std::string> own_places() const;
  /// The same, and the loopback where there is nothing else: for what people
  /// are shown.
  [[nodiscard]] std::vector<std::string> advertised() const;

  // Pairing.
  [[nodiscard]] pairing_channel channel_of(const link& what,
                                           library_id library) const;
  caf::typed_response_promise<link_verdict> admit(link& what,
                                                  const join_request& said);
  link_verdict ask_to_join(link& what);
  link_verdict be_admitted(link& what, const join_accepted& said);
  void fail_attempt(const std::shared_ptr<guest_attempt>& what, failure why);

  pointer self_ = nullptr;
  std::optional<tcp_network_setup> setup_;
  caf::actor_addr gateway_;
  caf::actor listener_;
  /// None where it does not listen.
  std::optional<listening_place> place_;
  /// Empty: where it listens.
  std::vector<std::string> advertised_;
  std::map<caf::actor_addr, link> links_;
  std::map<device_id, caf::actor_addr> sessions_;
  std::map<device_id, route> routes_;
  sightings sightings_;
  offenders offenders_;
  std::map<std::uint64_t, dial> dials_;
  std::uint64_t last_dial_ = 0;
  std::shared_ptr<file_descriptor> dial_end_;
  std::map<library_id, open_invitation> invitations_;
  /// Who takes part where, as far as the open libraries say.
  std::map<library_id, std::set<device_id>> members_;
  /// Who took part once.
  std::map<library_id, std::set<device_id>> removed_;
  /// What devices said that refused a session since the last one with them.
  std::map<device_id, link_refused> refusals_;
  std::mt19937_64 random_;
  bool closing_ = false;
};

/// The private key was read from the device's files by whoever made `setup`.
tcp_network_actor::behavior_type tcp_network(tcp_network_state::pointer self,
                                             tcp_network_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(start_listening)
LOCKSTEP_LOCAL_MESSAGE(listening)
LOCKSTEP_LOCAL_MESSAGE(make_invitation)
LOCKSTEP_LOCAL_MESSAGE(take_invitation)
LOCKSTEP_LOCAL_MESSAGE(invitation)
LOCKSTEP_LOCAL_MESSAGE(pairing_result)
LOCKSTEP_LOCAL_MESSAGE(read_refusals)
LOCKSTEP_LOCAL_MESSAGE(refusal_list)
LOCKSTEP_LOCAL_MESSAGE(close_network)
LOCKSTEP_LOCAL_MESSAGE(dial_again)
