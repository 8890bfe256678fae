#pragma once

#include "messages/errors.hpp"
#include "messages/link_messages.hpp"
#include "transport/tls_session.hpp"

namespace lockstep {

/// The two ends of a pairing and the channel between them.
struct pairing_channel {
  library_id library;
  tls_exporter exporter{};
  /// SHA-256 of the key that each side proved.
  digest_bytes guest{};
  digest_bytes host{};
};

enum class pairing_side : std::uint8_t { guest, host };

/// A new secret, at random. `internal` when the system has no randomness.
expected<pairing_secret> make_pairing_secret();

/// Shows that `side` knows the secret, for this channel only: an HMAC over the
/// session's exporter value, both keys and the library. What somebody in the
/// middle sees on a channel of its own is of no use on another.
digest_bytes proof_of(const pairing_secret& secret,
                      const pairing_channel& channel, pairing_side side);

/// Compares in a time that does not tell where the two differ.
bool is_same_proof(const digest_bytes& a, const digest_bytes& b);

/// What the verification words are made from: the same on both sides, and on
/// no other channel.
digest_bytes verification_of(const pairing_channel& channel);

} // namespace lockstep
