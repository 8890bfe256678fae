#include "actors/connection.hpp"

#include "actors/errors.hpp"
#include "transport/link_codec.hpp"

#include <caf/io/middleman.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lockstep {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_size = std::size_t{64} << 10;
/// Within a session this much is read while the owner deals with what came
/// before: each of its answers takes a while on a busy machine.
constexpr std::size_t read_ahead = std::size_t{512} << 10;
/// More than this waits only where the other side makes TLS answer and does not
/// read the answers.
constexpr std::size_t unread_answers = std::size_t{8} << 20;
/// Largest message before the session.
constexpr std::size_t talk_limit = std::size_t{64} << 10;
constexpr std::size_t frame_header = 5;
constexpr std::uint32_t silences_most = 3;
constexpr std::uint32_t stuck_most = 4;
constexpr auto owner_patience = 60s;
constexpr auto last_words_patience = 2s;

} // namespace

void connection_state::start(pointer self, caf::io::connection_handle handle,
                             connection_setup setup) {
  self_ = self;
  handle_ = handle;
  setup_ = std::move(setup);
  tls_.emplace(setup_->credentials, setup_->role);
  self_->configure_read(handle_, caf::io::receive_policy::at_most(read_size));
  self_->ack_writes(handle_, true);
  arm_deadline();
  flush_output();
  read_more();
}

void connection_state::receive(const std::vector<char>& data) {
  in_read_ = true;
  take(data);
  in_read_ = false;
}

void connection_state::take(const std::vector<char>& data) {
  reading_ = false;
  heard_ = true;
  if (phase_ == phase::closing)
    return;
  const auto* first = reinterpret_cast<const std::uint8_t*>(data.data());
  const auto read = tls_->feed({first, data.size()});
  const auto before = in_flight_;
  flush_output();
  if (!read) {
    if (phase_ == phase::securing)
      break_off(read.error());
    else
      finish(read.error());
    return;
  }
  if (in_flight_ > before && in_flight_ > unread_answers) {
    finish({errc::protocol_violation,
            "The other side asks and does not read the answers."});
    return;
  }
  plain_.insert(plain_.end(), read->begin(), read->end());
  go_on();
}

void connection_state::go_on() {
  if (waiting_ || phase_ == phase::closing) {
    read_more();
    return;
  }
  if (phase_ == phase::securing && tls_->is_ready()) {
    const auto exporter = tls_->exporter();
    if (!exporter) {
      finish(exporter.error());
      return;
    }
    phase_ = phase::talking;
    waiting_ = true;
    self_
      ->request(setup_->owner, owner_patience,
                link_secured{self_, setup_->role == tls_role::client,
                             self_->remote_addr(handle_), tls_->peer(),
                             *exporter})
      .then([this](const link_verdict& what) { follow(what); },
            [this](const caf::error& why) { finish(to_failure(why)); });
    return;
  }
  if (phase_ == phase::talking)
    hear_next();
  if (phase_ == phase::session && !plain_.empty()) {
    waiting_ = true;
    auto pieces = std::make_shared<const std::vector<bytes>>(
      std::vector<bytes>{std::exchange(plain_, {})});
    self_
      ->request(setup_->owner, owner_patience,
                link_data{self_, std::move(pieces)})
      .then(
        [this](const done&) {
          waiting_ = false;
          go_on();
        },
        [this](const caf::error& why) { finish(to_failure(why)); });
  }
  if (!waiting_ && phase_ != phase::closing && tls_->peer_closed())
    finish({errc::none, {}});
  else
    read_more();
}

void connection_state::hear_next() {
  if (plain_.size() < frame_header)
    return;
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length = length << 8 | plain_[i];
  // A length counts the byte of flags, and these messages have none set.
  if (length == 0 || length > talk_limit || plain_[4] != 0) {
    break_off({errc::protocol_violation,
               "The other side did not begin as a device does."});
    return;
  }
  if (plain_.size() < frame_header - 1 + length)
    return;
  const auto end
    = plain_.begin() + static_cast<std::ptrdiff_t>(frame_header - 1 + length);
  const auto message
    = decode_link(std::span{plain_}.subspan(frame_header, length - 1));
  plain_.erase(plain_.begin(), end);
  if (!message) {
    break_off(message.error());
    return;
  }
  waiting_ = true;
  self_->request(setup_->owner, owner_patience, link_heard{self_, *message})
    .then([this](const link_verdict& what) { follow(what); },
          [this](const caf::error& why) { finish(to_failure(why)); });
}

void connection_state::break_off(const failure& why) {
  self_->send(setup_->owner,
              link_broken{self_, setup_->role == tls_role::client,
                          self_->remote_addr(handle_), why});
  finish(why);
}

void connection_state::follow(const link_verdict& what) {
  waiting_ = false;
  if (phase_ == phase::closing)
    return;
  for (const auto& one : what.say) {
    const auto frames = split(encode(one));
    if (!frames || frames->size() != 1 || !send_plain(frames->front()))
      return;
  }
  switch (what.next) {
    case link_verdict::step::close:
      finish(what.why);
      return;
    case link_verdict::step::talk:
      arm_deadline();
      break;
    case link_verdict::step::session:
      phase_ = phase::session;
      ++deadline_;
      self_->delayed_send(self_, setup_->limits.keepalive,
                          connection_tick{connection_tick::kind::keepalive});
      pump();
      break;
  }
  go_on();
}

void connection_state::arm_deadline() {
  self_->delayed_send(
    self_, setup_->limits.handshake,
    connection_tick{connection_tick::kind::step_deadline, ++deadline_});
}

void connection_state::tick(const connection_tick& what) {
  switch (what.what) {
    case connection_tick::kind::last_words:
      leave();
      return;
    case connection_tick::kind::keepalive:
      if (phase_ == phase::session)
        check_silence();
      return;
    case connection_tick::kind::step_deadline:
      break;
  }
  if (what.generation != deadline_ || phase_ == phase::session
      || phase_ == phase::closing)
    return;
  if (waiting_)
    arm_deadline(); // It waits for this device, not for the other one.
  else
    finish({errc::timed_out, "The other side did not say what it wants in"
                             " time."});
}

void connection_state::check_silence() {
  silent_ = reading_ && !heard_ ? silent_ + 1 : 0;
  stuck_ = in_flight_ > 0 && !sent_ ? stuck_ + 1 : 0;
  heard_ = false;
  sent_ = false;
  if (silent_ >= silences_most) {
    finish({errc::timed_out, "The other side was not heard any more."});
    return;
  }
  if (stuck_ >= stuck_most) {
    finish({errc::timed_out, "The other side does not read any more."});
    return;
  }
  // A frame that holds nothing.
  constexpr std::array<std::uint8_t, frame_header> sign_of_life{0, 0, 0, 1, 0};
  if (queue_.empty() && short_queue_.empty() && in_flight_ == 0
      && !send_plain(sign_of_life))
    return;
  self_->delayed_send(self_, setup_->limits.keepalive,
                      connection_tick{connection_tick::kind::keepalive});
}

void connection_state::read_more() {
  const bool ahead = phase_ == phase::session && plain_.size() < read_ahead;
  if (reading_ || phase_ == phase::closing || tls_->peer_closed()
      || (waiting_ && !ahead))
    return;
  // Whatever waits to be sent: two that both wait to be read would wait for
  // ever.
  reading_ = true;
  if (in_read_) {
    self_->trigger(handle_, 1);
    return;
  }
  // In the round of CAF's loop in which a socket was halted, starting it again
  // does nothing: the halt is carried out at the end of the round, and then
  // nobody would ever read. So, in the next round.
  self_->system().middleman().backend().post(
    [self = self_, keep = caf::strong_actor_ptr{self_->ctrl()},
     handle = handle_] { self->trigger(handle, 1); });
}

void connection_state::written(std::size_t remaining) {
  in_flight_ = remaining;
  sent_ = true;
  if (phase_ == phase::closing) {
    if (remaining == 0)
      leave();
    return;
  }
  pump();
  read_more();
}

void connection_state::lost() {
  if (phase_ != phase::closing) {
    const auto end = tls_->end_of_stream();
    why_ = end ? failure{errc::none, {}} : end.error();
  }
  leave();
}

void connection_state::finish(failure why) {
  if (phase_ == phase::closing)
    return;
  phase_ = phase::closing;
  why_ = std::move(why);
  queue_.clear();
  short_queue_.clear();
  tls_->close();
  flush_output();
  // Not from within a read: with tokens, CAF goes on with the socket after the
  // handler, and finds that its broker is gone.
  const connection_tick end{connection_tick::kind::last_words};
  if (in_flight_ == 0)
    self_->send(self_, end);
  else
    self_->delayed_send(self_, last_words_patience, end);
}

void connection_state::leave() {
  if (why_.code == errc::none)
    self_->quit(caf::exit_reason::user_shutdown);
  else
    self_->quit(to_error(why_));
}

namespace {

caf::behavior run(connection_state::pointer self) {
  using namespace caf::io;
  return {
    [self](const new_data_msg& what) { self->state.receive(what.buf); },
    [self](const data_transferred_msg& what) {
      self->state.written(static_cast<std::size_t>(what.remaining));
    },
    [self](const connection_closed_msg&) { self->state.lost(); },
    [](const connection_passivated_msg&) {},
    [self](const send_frames& what) { self->state.enqueue(what.frames); },
    [self](const end_connection& what) { self->state.finish(what.why); },
    [self](const connection_tick& what) { self->state.tick(what); },
  };
}

} // namespace

caf::behavior accepted_connection(connection_state::pointer self,
                                  caf::io::connection_handle handle,
                                  connection_setup setup) {
  self->state.start(self, handle, std::move(setup));
  return run(self);
}

caf::behavior dialled_connection(connection_state::pointer self,
                                 std::shared_ptr<file_descriptor> socket,
                                 connection_setup setup) {
  // CAF closes it from now on.
  const auto handle = self->add_scribe(socket->release());
  self->state.start(self, handle, std::move(setup));
  return run(self);
}

} // namespace lockstep
