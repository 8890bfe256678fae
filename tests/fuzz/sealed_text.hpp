#pragma once

#include <openssl/sha.h>

#include <array>
#include <string>
#include <string_view>

namespace lockstep {

inline constexpr std::string_view invitation_prefix = "lockstep:";
inline constexpr std::string_view invitation_digits
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The text of an invitation that holds any content, with the right checksum;
/// written anew here, so that it also tests what the product writes.
inline std::string sealed_text(std::string content) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(),
         digest.data());
  content.append(digest.begin(), digest.begin() + 4);
  std::string text{invitation_prefix};
  for (std::size_t bit = 0; bit < content.size() * 8; bit += 6) {
    unsigned digit = 0;
    for (std::size_t i = bit; i < bit + 6; ++i) {
      const auto byte = i / 8 < content.size()
                          ? static_cast<unsigned char>(content[i / 8])
                          : 0u;
      digit = digit << 1 | (byte >> (7 - i % 8) & 1u);
    }
    text += invitation_digits[digit];
  }
  return text;
}

/// What such a text holds, without its checksum.
inline std::string unsealed_text(std::string_view text) {
  text.remove_prefix(invitation_prefix.size());
  std::string content(text.size() * 6 / 8, '\0');
  for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
    const auto digit = invitation_digits.find(text[bit / 6]);
    const auto value = static_cast<unsigned>(digit >> (5 - bit % 6)) & 1u;
    auto& byte = content[bit / 8];
    const unsigned before = static_cast<unsigned char>(byte);
    byte = static_cast<char>(before << 1 | value);
  }
  content.resize(content.size() - 4);
  return content;
}

} // namespace lockstep
