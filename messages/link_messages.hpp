#pragma once

#include "messages/clock.hpp"
#include "messages/ids.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// What two devices say to each other on a connection before it carries
/// messages about libraries, and while they pair.
namespace lockstep {

/// What this version speaks, and the oldest that it still understands.
inline constexpr std::uint32_t link_version = 1;
inline constexpr std::uint32_t link_version_oldest = 1;

/// SHA-256 of a device's public key, or an HMAC of that length.
using digest_bytes = std::array<std::uint8_t, 32>;

/// What makes an invitation worth something; shown to nobody else.
using pairing_secret = std::array<std::uint8_t, 16>;

/// A line of text that one device shows and another is given, by people.
struct invitation {
  library_id library;
  std::string library_name;
  /// SHA-256 of the inviting device's public key.
  digest_bytes fingerprint{};
  pairing_secret secret{};
  wall_time expires_at{};
  /// Where the inviting device listens, as HOST:PORT.
  std::vector<std::string> addresses;

  bool operator==(const invitation&) const = default;
};

enum class link_purpose : std::uint8_t {
  session = 1, ///< Between devices that trust each other.
  pairing = 2, ///< With an invitation.
};

/// First message each way. The one who dialled begins; the answer says that
/// the other takes the connection for the same purpose.
struct link_greeting {
  std::uint32_t version = link_version;
  std::uint32_t oldest_version = link_version_oldest;
  link_purpose purpose = link_purpose::session;
  std::string device_name;
  /// Where the device listens now, for a session: it may have moved since the
  /// other one last heard of it.
  std::vector<std::string> addresses;

  bool operator==(const link_greeting&) const = default;
};

/// In place of any answer; the connection ends.
struct link_refused {
  /// One sentence for people.
  std::string reason;
  /// The other device was a member, and was removed.
  bool removed = false;

  bool operator==(const link_refused&) const = default;
};

/// The invited device: let me in.
struct join_request {
  library_id library;
  /// Proves the secret for this connection.
  digest_bytes proof{};
  std::string device_name;
  /// Where the device listens; none where it does not.
  std::vector<std::string> addresses;

  bool operator==(const join_request&) const = default;
};

/// The inviting device: you are a member.
struct join_accepted {
  /// Proves the secret too.
  digest_bytes proof{};
  std::string library_name;
  device_id created_by;
  std::string device_name;
  std::vector<std::string> addresses;

  bool operator==(const join_accepted&) const = default;
};

using link_message
  = std::variant<link_greeting, link_refused, join_request, join_accepted>;

} // namespace lockstep
