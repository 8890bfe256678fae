#include "transport/announcement_codec.hpp"

#include <algorithm>

namespace lockstep {

namespace {

constexpr std::array<std::uint8_t, 5> beginning{'L', 'k', 'S', 't', 1};

} // namespace

std::array<std::uint8_t, announcement_size> encode(const announcement& what) {
  std::array<std::uint8_t, announcement_size> encoded{};
  auto at = std::copy(beginning.begin(), beginning.end(), encoded.begin());
  at = std::copy(what.device.bytes.begin(), what.device.bytes.end(), at);
  *at++ = static_cast<std::uint8_t>(what.port >> 8);
  *at = static_cast<std::uint8_t>(what.port & 0xff);
  return encoded;
}

expected<announcement>
decode_announcement(std::span<const std::uint8_t> encoded) {
  if (encoded.size() < announcement_size
      || !std::equal(beginning.begin(), beginning.end(), encoded.begin()))
    return fail(errc::protocol_violation,
                "A datagram is no announcement of a device.");
  announcement read;
  auto rest = encoded.subspan(beginning.size());
  std::copy_n(rest.begin(), read.device.bytes.size(),
              read.device.bytes.begin());
  rest = rest.subspan(read.device.bytes.size());
  read.port = static_cast<std::uint16_t>(rest[0] << 8 | rest[1]);
  if (read.device.is_nil() || read.port == 0)
    return fail(errc::protocol_violation,
                "An announcement names no device, or no port.");
  return read;
}

} // namespace lockstep
