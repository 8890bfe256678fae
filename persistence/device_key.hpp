#pragma once

#include "messages/errors.hpp"
#include "persistence/device_identity.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

struct evp_pkey_st;

namespace lockstep {

/// A device's Ed25519 key pair, by OpenSSL. Wrong uses are `internal`.
class device_key {
public:
  /// A new one, at random, or derived from `seed`.
  static expected<device_key> generate(std::optional<std::uint64_t> seed);

  /// Reads what `to_pem` wrote. `corrupt` when it is no Ed25519 private key.
  static expected<device_key> from_pem(const std::string& pem);

  /// The private key as unencrypted PKCS #8.
  [[nodiscard]] expected<std::string> to_pem() const;

  [[nodiscard]] expected<lockstep::public_key> public_key() const;

  /// A certificate of this key, signed by itself, for the device of that name;
  /// as PEM. It is no authority's and does not run out.
  [[nodiscard]] expected<std::string>
  certificate_for(const std::string& name) const;

private:
  struct release {
    void operator()(evp_pkey_st* key) const;
  };
  using handle = std::unique_ptr<evp_pkey_st, release>;

  explicit device_key(handle key);

  handle key_;
};

} // namespace lockstep
