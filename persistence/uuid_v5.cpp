#include "persistence/uuid_v5.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace lockstep {

namespace {

// Drawn at random once; another one would give all records other ids.
constexpr std::array<std::uint8_t, 16> own_namespace{
  0x6c, 0x1f, 0x0b, 0x5e, 0x83, 0x2a, 0x4d, 0x77,
  0x9b, 0x40, 0x2e, 0xd1, 0x5a, 0xc6, 0x38, 0xf4};

} // namespace

record_id make_uuid_v5(std::string_view name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::string text{own_namespace.begin(), own_namespace.end()};
  text += name;
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(),
                 nullptr)
      != 1)
    throw std::runtime_error{"SHA-1 is not available."};
  record_id id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x50);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

} // namespace lockstep
