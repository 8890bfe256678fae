#include "transport/pairing_proof.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <string_view>

namespace lockstep {

namespace {

/// All parts have a fixed length but the label, which comes last.
bytes spelled_out(const pairing_channel& channel, std::string_view label) {
  bytes text;
  auto add = [&](const auto& part) {
    text.insert(text.end(), part.begin(), part.end());
  };
  add(channel.exporter);
  add(channel.guest);
  add(channel.host);
  add(channel.library.bytes);
  add(label);
  return text;
}

} // namespace

expected<pairing_secret> make_pairing_secret() {
  pairing_secret secret{};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    return fail(errc::internal, "The system has no random numbers.");
  return secret;
}

digest_bytes proof_of(const pairing_secret& secret,
                      const pairing_channel& channel, pairing_side side) {
  const auto text = spelled_out(channel, side == pairing_side::guest
                                           ? "lockstep pairing guest"
                                           : "lockstep pairing host");
  digest_bytes proof{};
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       text.data(), text.size(), proof.data(), &length);
  return proof;
}

bool is_same_proof(const digest_bytes& a, const digest_bytes& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

digest_bytes verification_of(const pairing_channel& channel) {
  const auto text = spelled_out(channel, "lockstep verification words");
  digest_bytes digest{};
  SHA256(text.data(), text.size(), digest.data());
  return digest;
}

} // namespace lockstep
