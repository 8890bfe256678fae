#pragma once

#include "messages/announcement.hpp"
#include "messages/errors.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lockstep {

/// "LkSt", the version, the device, the port with its high byte first.
constexpr std::size_t announcement_size = 4 + 1 + 16 + 2;

std::array<std::uint8_t, announcement_size> encode(const announcement& what);

/// Takes any bytes and keeps none of them. What follows the port is skipped:
/// a later device may say more under the same version. Errors:
/// `protocol_violation` when it is no announcement, of another version, or
/// names no device or no port.
expected<announcement>
decode_announcement(std::span<const std::uint8_t> encoded);

} // namespace lockstep
