#include "actors/gateway.hpp"

#include "actors/local_peer.hpp"
#include "actors/logging.hpp"
#include "transport/codec.hpp"

#include <caf/send.hpp>

#include <utility>
#include <variant>

namespace lockstep {

namespace {

template <class... Kinds> bool is_any_of(const peer_message& message) {
  return (std::holds_alternative<Kinds>(message) || ...);
}

bool is_for_leadership(const peer_message& message) {
  return is_any_of<heartbeat, heartbeat_ack, claim, vote, hand_over, hello>(
    message);
}

bool is_for_replication(const peer_message& message) {
  // A heartbeat says where the leader's log ends, a greeting who has come.
  return !is_for_leadership(message) || is_any_of<heartbeat, hello>(message);
}

} // namespace

gateway_state::gateway_state(pointer owner) : self_(owner) {
}

void gateway_state::begin_session(device_id device) {
  end_session(device);
  auto peer = self_->spawn(local_peer, setup.network, setup.device, device);
  sessions_.emplace(device, session{peer, frame_assembler{}, {}});
  logger().info("{}: {} is connected", to_string(setup.device),
                to_string(device));
  for (const auto& [id, library] : libraries_)
    if (library.members.contains(device))
      tell_up(library, device);
}

void gateway_state::end_session(device_id device) {
  const auto found = sessions_.find(device);
  if (found == sessions_.end())
    return;
  for (const auto& [id, library] : libraries_)
    if (library.members.contains(device))
      tell_down(library, device);
  self_->send_exit(found->second.peer, caf::exit_reason::user_shutdown);
  sessions_.erase(found);
  logger().info("{}: {} is disconnected", to_string(setup.device),
                to_string(device));
}

void gateway_state::receive(const received_frames& what) {
  const auto found = sessions_.find(what.from);
  if (found == sessions_.end())
    return;
  auto messages = unpack(found->second, *what.frames);
  if (!messages) {
    logger().warn("{}: {} broke the protocol and is cut off: {}",
                  to_string(setup.device), to_string(what.from),
                  messages.error().message);
    end_session(what.from);
    self_->send(setup.network,
                drop_link{setup.device, what.from, messages.error()});
    return;
  }
  for (const auto& message : *messages)
    deliver(what.from, message);
}

expected<std::vector<envelope>>
gateway_state::unpack(session& from, const std::vector<bytes>& frames) {
  std::vector<envelope> result;
  for (const auto& frame : frames) {
    const auto messages = from.assembler.feed(frame);
    if (!messages)
      return tl::make_unexpected(messages.error());
    for (const auto& message : *messages) {
      // Says only that the other side is there.
      if (message.empty())
        continue;
      auto decoded = decode(message);
      if (!decoded)
        return tl::make_unexpected(decoded.error());
      result.push_back(std::move(*decoded));
    }
  }
  return result;
}

void gateway_state::deliver(device_id from, const envelope& what) {
  const auto found = libraries_.find(what.library);
  if (found == libraries_.end()) {
    logger().debug("{}: dropped a message of {} about library {}, which is "
                   "not open here",
                   to_string(setup.device), to_string(from),
                   to_string(what.library));
    return;
  }
  if (!found->second.members.contains(from)) {
    if (!is_any_of<not_member>(what.message))
      turn_away(from, what.library);
    return;
  }
  const auto& library = found->second;
  const from_peer said{from, what.message, what.unix_ms};
  if (is_for_leadership(what.message))
    self_->send(library.leadership, said);
  if (is_for_replication(what.message))
    self_->send(library.replication, said);
}

void gateway_state::turn_away(device_id from, library_id library) {
  // A newcomer whose log names nobody yet is not the one to judge.
  if (!libraries_.at(library).members.contains(setup.device))
    return;
  auto& session = sessions_.at(from);
  if (!session.turned_away.insert(library).second)
    return;
  logger().warn("{}: {} is no member of library {}, and is told so",
                to_string(setup.device), to_string(from), to_string(library));
  self_->send(session.peer, envelope{library, not_member{}});
}

void gateway_state::attach(const attach_library& what) {
  detach(what.library);
  auto& library = libraries_[what.library];
  library = {what.leadership,
             what.replication,
             {what.members.begin(), what.members.end()}};
  for (auto& [device, link] : sessions_)
    if (library.members.contains(device)) {
      link.turned_away.erase(what.library);
      tell_up(library, device);
    }
}

void gateway_state::detach(library_id id) {
  const auto found = libraries_.find(id);
  if (found == libraries_.end())
    return;
  for (const auto& [device, link] : sessions_)
    if (found->second.members.contains(device))
      tell_down(found->second, device);
  libraries_.erase(found);
}

void gateway_state::change_members(const set_library_members& what) {
  const auto found = libraries_.find(what.library);
  if (found == libraries_.end())
    return;
  auto& library = found->second;
  const auto before = std::exchange(library.members,
                                    {what.members.begin(), what.members.end()});
  for (auto& [device, link] : sessions_) {
    const bool was = before.contains(device);
    const bool is = library.members.contains(device);
    if (was && !is) {
      tell_down(library, device);
      turn_away(device, what.library);
    }
    if (is && !was) {
      link.turned_away.erase(what.library);
      tell_up(library, device);
    }
  }
}

void gateway_state::close() {
  self_->send(setup.network, detach_gateway{setup.device});
  while (!sessions_.empty())
    end_session(sessions_.begin()->first);
  libraries_.clear();
}

void gateway_state::tell_up(const attached_library& library, device_id device) {
  const peer_up news{device, sessions_.at(device).peer};
  self_->send(library.leadership, news);
  self_->send(library.replication, news);
}

void gateway_state::tell_down(const attached_library& library,
                              device_id device) {
  self_->send(library.leadership, peer_down{device});
  self_->send(library.replication, peer_down{device});
}

gateway_actor::behavior_type
gateway(gateway_actor::stateful_pointer<gateway_state> self,
        gateway_setup setup) {
  self->state.setup = std::move(setup);
  self->send(self->state.setup.network,
             attach_gateway{self->state.setup.device, self});
  return {
    [self](const link_up& what) { self->state.begin_session(what.device); },
    [self](const link_down& what) { self->state.end_session(what.device); },
    [self](const received_frames& what) { self->state.receive(what); },
    [](settle_frames) { return done{}; },
    [self](const introduce_members& what) {
      self->send(self->state.setup.network, what);
    },
    [self](const attach_library& what) { self->state.attach(what); },
    [self](const detach_library& what) {
      self->state.detach(what.library);
      return done{};
    },
    [self](const set_library_members& what) {
      self->state.change_members(what);
    },
    [self](close_gateway) {
      self->state.close();
      self->quit();
      return done{};
    },
  };
}

} // namespace lockstep
