#include "actors/local_peer.hpp"

#include "actors/logging.hpp"
#include "transport/codec.hpp"

#include <memory>
#include <utility>

namespace lockstep {

namespace {

expected<message_frames> pack(const envelope& what) {
  return encode(what)
    .and_then([](const bytes& message) { return split(message); })
    .map([](std::vector<bytes>&& frames) -> message_frames {
      return std::make_shared<const std::vector<bytes>>(std::move(frames));
    });
}

} // namespace

peer_actor::behavior_type
local_peer(peer_actor::stateful_pointer<local_peer_state> self,
           network_actor network, device_id from, device_id to) {
  return {
    [=](const envelope& what) {
      if (auto frames = pack(what))
        self->send(network, carry_frames{from, to, std::move(*frames)});
      else
        logger().warn("{}: a message to {} was not sent: {}", to_string(from),
                      to_string(to), frames.error().message);
    },
  };
}

} // namespace lockstep
