#pragma once

#include "messages/errors.hpp"
#include "messages/link_messages.hpp"
#include "transport/frames.hpp"

#include <span>

namespace lockstep {

/// The message as Protocol Buffers (transport/wire.proto), without a frame.
bytes encode(const link_message& what);

/// Takes any bytes; fields that this version does not know are skipped. Errors:
/// `protocol_violation` when the bytes are no such message, or an id, a proof
/// or a list of addresses cannot be one.
expected<link_message> decode_link(std::span<const std::uint8_t> encoded);

} // namespace lockstep
