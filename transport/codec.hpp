#pragma once

#include "messages/peer_messages.hpp"
#include "transport/frames.hpp"

#include <span>

namespace lockstep {

/// The envelope as Protocol Buffers (transport/wire.proto). Errors: `too_large`
/// beyond `frame_limits::message`.
expected<bytes> encode(const envelope& what);

/// The envelope that a peer encoded. Takes any bytes; fields that this version
/// does not know are skipped. Errors: `protocol_violation` when the bytes are
/// no envelope, an id is not 16 bytes long, an enumeration has a value that
/// does not exist, or the message is missing or of an unknown kind.
expected<envelope> decode(std::span<const std::uint8_t> encoded);

} // namespace lockstep
