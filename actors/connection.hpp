#pragma once

#include "actors/network.hpp"
#include "config/network_settings.hpp"
#include "messages/link_messages.hpp"
#include "persistence/file_descriptor.hpp"
#include "transport/tls_session.hpp"

#include <caf/actor.hpp>
#include <caf/io/broker.hpp>
#include <caf/stateful_actor.hpp>

#include <deque>
#include <memory>
#include <optional>

namespace lockstep {

/// What a connection is to do next.
struct link_verdict {
  enum class step : std::uint8_t {
    talk,    ///< Hear one more message.
    session, ///< From now on it carries frames.
    close,   ///< Say what is to be said and end.
  };

  step next = step::close;
  /// Said before that.
  std::vector<link_message> say;
  /// Why it closes, for the log; `none` for an end that is in order.
  failure why{errc::none, {}};
};

/// TLS is up, and this is who the other side proved to be.
struct link_secured {
  caf::actor connection;
  bool dialled = false;
  /// Where it is, as the system sees it.
  std::string address;
  tls_peer peer;
  tls_exporter exporter{};
};

/// The other side said this, before the session.
struct link_heard {
  caf::actor connection;
  link_message message;
};

/// The other side broke the protocol before its session, and the connection
/// ends. What is wrong with TLS itself counts only until TLS is up: after that
/// it may be somebody in between.
struct link_broken {
  caf::actor connection;
  bool dialled = false;
  std::string address;
  failure why;
};

/// The other side sent this within the session: any piece of its frames.
struct link_data {
  caf::actor connection;
  message_frames pieces;
};

/// Whom a connection belongs to. It waits for each answer before it reads on.
using link_owner
  = caf::typed_actor<caf::replies_to<link_secured>::with<link_verdict>,
                     caf::replies_to<link_heard>::with<link_verdict>,
                     caf::replies_to<link_data>::with<done>,
                     caf::reacts_to<link_broken>>;

/// Owner to connection: send these frames, within the session. What is short
/// overtakes what is long and still waits, so that no large transfer holds up a
/// heartbeat. Dropped as a whole when too much waits already.
struct send_frames {
  message_frames frames;
};

/// Owner to connection: end, for this reason.
struct end_connection {
  failure why{errc::none, {}};
};

/// The connection to itself.
struct connection_tick {
  enum class kind : std::uint8_t { step_deadline, keepalive, last_words };

  kind what = kind::step_deadline;
  std::uint64_t generation = 0;
};

struct connection_setup {
  tls_credentials credentials;
  tls_role role = tls_role::server;
  link_owner owner;
  network_settings limits;
};

/// One TCP connection: TLS, frames and credit. It knows no libraries and
/// decides nothing. Runs on the I/O thread. It ends with the failure that ended
/// it, as a CAF error, or with `user_shutdown`; its owner monitors it.
class connection_state {
public:
  static inline const char* name = "connection";
  using pointer = caf::stateful_actor<connection_state, caf::io::broker>*;

  void start(pointer self, caf::io::connection_handle handle,
             connection_setup setup);
  void receive(const std::vector<char>& data);
  void written(std::size_t remaining);
  void lost();
  void enqueue(const message_frames& frames);
  void tick(const connection_tick& what);
  /// Says goodbye and ends once that is sent, or soon.
  void finish(failure why);

private:
  enum class phase : std::uint8_t { securing, talking, session, closing };

  void take(const std::vector<char>& data);
  /// Takes what was read as far as possible without the owner's answer.
  void go_on();
  void hear_next();
  /// Ends because of what the other side did.
  void break_off(const failure& why);
  void follow(const link_verdict& what);
  void arm_deadline();
  void read_more();
  void pump();
  bool send_next();
  bool send_plain(std::span<const std::uint8_t> plain);
  void flush_output();
  void check_silence();
  void leave();

  pointer self_ = nullptr;
  caf::io::connection_handle handle_;
  std::optional<connection_setup> setup_;
  std::optional<tls_session> tls_;
  phase phase_ = phase::securing;
  /// The owner was asked and has not answered.
  bool waiting_ = false;
  /// A read is under way.
  bool reading_ = false;
  /// Within CAF's call for what was read.
  bool in_read_ = false;
  /// Read, and not dealt with.
  bytes plain_;
  std::deque<message_frames> queue_;
  std::size_t queued_bytes_ = 0;
  /// Short messages, which go first.
  std::deque<message_frames> short_queue_;
  /// How many frames of the queue's first message are sent.
  std::size_t frames_sent_ = 0;
  /// Ciphertext that the system has not taken yet.
  std::size_t in_flight_ = 0;
  std::uint64_t deadline_ = 0;
  bool heard_ = false;
  bool sent_ = false;
  std::uint32_t silent_ = 0;
  std::uint32_t stuck_ = 0;
  failure why_{errc::none, {}};
};

/// For a connection that came in.
caf::behavior accepted_connection(connection_state::pointer self,
                                  caf::io::connection_handle handle,
                                  connection_setup setup);

/// For one that was dialled; takes over the socket.
caf::behavior dialled_connection(connection_state::pointer self,
                                 std::shared_ptr<file_descriptor> socket,
                                 connection_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(link_verdict)
LOCKSTEP_LOCAL_MESSAGE(link_secured)
LOCKSTEP_LOCAL_MESSAGE(link_heard)
LOCKSTEP_LOCAL_MESSAGE(link_broken)
LOCKSTEP_LOCAL_MESSAGE(link_data)
LOCKSTEP_LOCAL_MESSAGE(send_frames)
LOCKSTEP_LOCAL_MESSAGE(end_connection)
LOCKSTEP_LOCAL_MESSAGE(connection_tick)
