#pragma once

#include "messages/errors.hpp"
#include "transport/frames.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ssl_ctx_st;
struct ssl_st;
struct bio_st;

namespace lockstep {

/// This device's key and certificate, ready for any number of sessions. Copies
/// share them; they may be used from several threads.
class tls_credentials {
public:
  /// From a self-signed Ed25519 certificate and its private key, both as PEM.
  /// Errors: `invalid_argument` when they are not that, or do not belong
  /// together.
  static expected<tls_credentials> load(const std::string& certificate,
                                        const std::string& private_key);

private:
  friend class tls_session;
  explicit tls_credentials(std::shared_ptr<ssl_ctx_st> context);

  std::shared_ptr<ssl_ctx_st> context_;
};

/// Who begins: the client dialled.
enum class tls_role : std::uint8_t { client, server };

/// What the other side proved to have.
struct tls_peer {
  /// Raw Ed25519 key.
  std::array<std::uint8_t, 32> key{};
  /// PEM.
  std::string certificate;
};

/// A value that only the two ends of one session know; each has its own.
using tls_exporter = std::array<std::uint8_t, 32>;

/// One TLS 1.3 session without a socket: it is fed the bytes that arrive and
/// gives the bytes to send. Both sides show a self-signed Ed25519 certificate
/// and prove its key; any is accepted, and who may do what is decided above, by
/// the key. There is no older version, no resumption and no early data. After
/// a failure the session stays failed. It holds one record of the peer's and
/// at most `output_limit` bytes and one message of its own.
class tls_session {
public:
  /// Ciphertext that may wait to be taken before `write` refuses.
  static constexpr std::size_t output_limit = std::size_t{4} << 20;

  tls_session(const tls_credentials& own, tls_role role);

  /// Takes bytes of the peer's and returns what they say in plain. There may be
  /// output afterwards, also after a failure: then an alert for the peer.
  /// Errors: `protocol_violation`, with what is wrong about the peer.
  expected<bytes> feed(std::span<const std::uint8_t> input);

  /// Encrypts. Errors: `busy` while too much output waits, `closed` after
  /// `close`, `internal` before the session is ready.
  expected<void> write(std::span<const std::uint8_t> plain);

  /// What is to be sent to the peer now, in order. The client's first bytes are
  /// there from the beginning.
  bytes take_output();

  /// Whether both sides have agreed and the peer proved its key. On the client
  /// this does not mean yet that the server took the client's certificate.
  [[nodiscard]] bool is_ready() const;

  /// Once the session is ready.
  [[nodiscard]] const tls_peer& peer() const {
    return peer_;
  }
  [[nodiscard]] expected<tls_exporter> exporter() const;

  /// Says that nothing more comes.
  void close();

  /// Whether the peer said that.
  [[nodiscard]] bool peer_closed() const {
    return peer_closed_;
  }

  /// The stream ended. `protocol_violation` when the peer had not said that it
  /// would: something may have been cut off.
  [[nodiscard]] expected<void> end_of_stream() const;

private:
  struct release {
    void operator()(ssl_st* session) const;
  };

  expected<void> shake_hands();
  expected<void> learn_peer();
  tl::unexpected<failure> break_off();

  std::unique_ptr<ssl_st, release> session_;
  // Both belong to the session.
  bio_st* in_ = nullptr;
  bio_st* out_ = nullptr;
  tls_peer peer_;
  bool known_ = false;
  bool peer_closed_ = false;
  bool closed_ = false;
  failure failure_{errc::none, {}};
};

} // namespace lockstep
