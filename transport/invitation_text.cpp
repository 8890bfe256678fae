#include "transport/invitation_text.hpp"

#include "transport/frames.hpp"
#include "transport/wire_fields.hpp"
#include "wire.pb.h"

#include <openssl/sha.h>

#include <algorithm>
#include <optional>

namespace lockstep {

namespace {

constexpr std::string_view prefix = "lockstep:";
constexpr std::string_view digits
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t checksum_size = 4;
constexpr std::size_t text_limit = 8'192;
constexpr unsigned bits_of_digit = 6;

std::string to_digits(const std::string& content) {
  std::string text;
  unsigned held = 0;
  unsigned bits = 0;
  for (const auto c : content) {
    held = held << 8 | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= bits_of_digit) {
      bits -= bits_of_digit;
      text += digits[held >> bits & 63u];
    }
    held &= (1u << bits) - 1;
  }
  if (bits > 0)
    text += digits[held << (bits_of_digit - bits) & 63u];
  return text;
}

std::optional<std::string> from_digits(std::string_view text) {
  std::string content;
  unsigned held = 0;
  unsigned bits = 0;
  for (const auto c : text) {
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    held = held << bits_of_digit | static_cast<unsigned>(digit);
    bits += bits_of_digit;
    if (bits >= 8) {
      bits -= 8;
      content += static_cast<char>(held >> bits & 255u);
    }
    held &= (1u << bits) - 1;
  }
  // What is left over is zero, so that each text has one meaning.
  if (held != 0)
    return std::nullopt;
  return content;
}

std::string checksum_of(std::string_view content) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(),
         digest.data());
  return {digest.begin(), digest.begin() + checksum_size};
}

std::string_view without_space(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

template <std::size_t Size>
bool take(const std::string& from, std::array<std::uint8_t, Size>& to) {
  if (from.size() != Size)
    return false;
  std::copy(from.begin(), from.end(), to.begin());
  return true;
}

} // namespace

std::string to_text(const invitation& what) {
  wire::Invitation to;
  to.set_library(to_wire(what.library));
  to.set_library_name(what.library_name);
  to.set_fingerprint(
    std::string{what.fingerprint.begin(), what.fingerprint.end()});
  to.set_secret(std::string{what.secret.begin(), what.secret.end()});
  to.set_expires_unix_ms(what.expires_at.time_since_epoch().count());
  for (const auto& one : what.addresses)
    to.add_addresses(one);
  auto content = to.SerializeAsString();
  content += checksum_of(content);
  return std::string{prefix} + to_digits(content);
}

expected<invitation> parse_invitation(std::string_view given) {
  const auto text = without_space(given);
  if (!text.starts_with(prefix) || text.size() > text_limit)
    return fail(errc::invalid_argument,
                "That is no invitation; copy the whole line that lockstep"
                " invite shows, from \"lockstep:\" on.");
  const auto content = from_digits(text.substr(prefix.size()));
  if (!content || content->size() <= checksum_size
      || checksum_of(std::string_view{*content}.substr(0, content->size()
                                                            - checksum_size))
           != content->substr(content->size() - checksum_size))
    return fail(errc::invalid_argument,
                "The invitation has a typo, or a part of it is missing; copy"
                " the whole line again.");
  wire::Invitation from;
  wire_reader reader;
  invitation to;
  const bool read
    = from.ParseFromArray(content->data(),
                          static_cast<int>(content->size() - checksum_size))
      && take(from.fingerprint(), to.fingerprint)
      && take(from.secret(), to.secret);
  reader.read(from.library(), to.library);
  if (!read || !reader.problem().empty())
    return fail(errc::invalid_argument,
                "The invitation is of another version of Lockstep; install"
                " the same version on both devices.");
  to.library_name = from.library_name();
  to.expires_at = wall_time{std::chrono::milliseconds{from.expires_unix_ms()}};
  to.addresses.assign(from.addresses().begin(), from.addresses().end());
  return to;
}

} // namespace lockstep
