#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

/// Sixteen bytes that name one thing of the kind `Tag`. Ids of different kinds
/// do not convert into each other.
template <class Tag> struct uuid_of {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const uuid_of&) const = default;

  /// The nil id stands for "none".
  [[nodiscard]] bool is_nil() const {
    return *this == uuid_of{};
  }
};

/// A device: the first 16 bytes of SHA-256 of its public key.
using device_id = uuid_of<struct device_tag>;
/// A library that several devices share.
using library_id = uuid_of<struct library_tag>;
/// A record, unique within its model.
using record_id = uuid_of<struct record_tag>;

/// Eight-four-four-four-twelve lower-case hexadecimal digits.
std::string to_string_uuid(const std::array<std::uint8_t, 16>& bytes);

/// Accepts 32 hexadecimal digits, with or without dashes in the usual places.
std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text);

template <class Tag> std::string to_string(const uuid_of<Tag>& id) {
  return to_string_uuid(id.bytes);
}

template <class Id> std::optional<Id> parse_id(std::string_view text) {
  if (auto bytes = parse_uuid(text))
    return Id{*bytes};
  return std::nullopt;
}

/// UUIDv7 (RFC 9562): time-ordered. `unix_ms` are milliseconds since 1970,
/// `random` supplies the 74 random bits.
std::array<std::uint8_t, 16> make_uuid_v7(std::uint64_t unix_ms,
                                          std::uint64_t random_high,
                                          std::uint64_t random_low);

} // namespace lockstep

template <class Tag> struct std::hash<lockstep::uuid_of<Tag>> {
  std::size_t operator()(const lockstep::uuid_of<Tag>& id) const noexcept {
    std::uint64_t hash = 14695981039346656037ULL;
    for (auto byte : id.bytes)
      hash = (hash ^ byte) * 1099511628211ULL;
    return static_cast<std::size_t>(hash);
  }
};
