#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// Where to take connections.
struct listening_place {
  /// Without the brackets of an IPv6 address.
  std::string host;
  std::uint16_t port = 0;

  /// Whether that is every address of this device.
  [[nodiscard]] bool is_any() const;
  /// Whether only this machine can come there.
  [[nodiscard]] bool is_loopback() const;
};

/// Reads HOST:PORT; the host may be empty, the port 0.
std::optional<listening_place> parse_place(std::string_view text);

/// HOST:PORT, with brackets around an IPv6 address.
std::string to_address(const std::string& host, std::uint16_t port);

/// Where other machines may reach this one: its addresses but the loopback and
/// those of one link only.
std::vector<std::string> own_addresses(std::uint16_t port);

} // namespace lockstep
