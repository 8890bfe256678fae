#include "transport/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

namespace lockstep {

namespace {

template <auto Free> struct release_by {
  template <class T> void operator()(T* what) const {
    Free(what);
  }
};
using bio_handle = std::unique_ptr<BIO, release_by<BIO_free>>;
using key_handle = std::unique_ptr<EVP_PKEY, release_by<EVP_PKEY_free>>;
using certificate_handle = std::unique_ptr<X509, release_by<X509_free>>;

constexpr std::size_t record_size = std::size_t{16} << 10;
constexpr long handshake_certificate_limit = 16L << 10;
constexpr std::string_view exporter_label = "EXPORTER-lockstep-pairing";

/// Says no to any passphrase that a PEM file might ask the terminal for.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

bio_handle reader_of(const std::string& text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return nullptr;
  return bio_handle{
    BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Whether it is what a device shows: an Ed25519 key, signed by itself.
bool is_devices_own(X509* certificate) {
  auto* key = X509_get0_pubkey(certificate);
  const bool is_own = key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519
                      && X509_verify(certificate, key) == 1;
  // What it says about a wrong signature would hide what follows from it.
  if (!is_own)
    ERR_clear_error();
  return is_own;
}

/// In place of OpenSSL's check of a chain: there are no authorities here, and a
/// device is known by its key, so dates and names do not count.
int check_certificate(X509_STORE_CTX* store, void*) {
  auto* certificate = X509_STORE_CTX_get0_cert(store);
  if (certificate != nullptr && is_devices_own(certificate))
    return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

bool limit_to_one_way(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION
                                 | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(context, handshake_certificate_limit);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  SSL_CTX_set_cert_verify_callback(context, check_certificate, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
         && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
         && SSL_CTX_set_num_tickets(context, 0) == 1
         && SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1
         && SSL_CTX_set1_groups_list(context, "X25519") == 1;
}

/// The newest error of this thread's queue, in words for the log.
std::string sentence_of(unsigned long error) {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_HTTP_REQUEST:
      return "The other side speaks HTTP, where Lockstep speaks TLS.";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "The other side showed no Ed25519 certificate.";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return "The other side's certificate is no device's: it is not Ed25519,"
             " or not signed by itself.";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "The other side does not speak TLS 1.3.";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
      return "The other side does not speak TLS.";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
      return "What the other side sent was changed on its way.";
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(error);
  return std::string{"TLS with the other side failed ("}
         + (reason == nullptr ? "no reason given" : reason) + ").";
}

} // namespace

tls_credentials::tls_credentials(std::shared_ptr<ssl_ctx_st> context)
  : context_{std::move(context)} {
}

expected<tls_credentials>
tls_credentials::load(const std::string& certificate,
                      const std::string& private_key) {
  ERR_clear_error();
  auto refuse = [](const char* why) {
    ERR_clear_error();
    return fail(errc::invalid_argument, why);
  };
  const auto certificate_text = reader_of(certificate);
  const auto key_text = reader_of(private_key);
  if (!certificate_text || !key_text)
    return refuse("The certificate or its key is too large.");
  const certificate_handle shown{
    PEM_read_bio_X509(certificate_text.get(), nullptr, no_passphrase, nullptr)};
  const key_handle key{
    PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_passphrase, nullptr)};
  if (!shown || !is_devices_own(shown.get()))
    return refuse("The certificate is no self-signed Ed25519 certificate.");
  if (!key || X509_check_private_key(shown.get(), key.get()) != 1)
    return refuse("The certificate does not belong to the device's key.");
  std::shared_ptr<ssl_ctx_st> context{SSL_CTX_new(TLS_method()), SSL_CTX_free};
  if (!context || !limit_to_one_way(context.get())
      || SSL_CTX_use_certificate(context.get(), shown.get()) != 1
      || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
    return refuse("OpenSSL does not take the device's certificate and key.");
  return tls_credentials{std::move(context)};
}

void tls_session::release::operator()(ssl_st* session) const {
  SSL_free(session);
}

tls_session::tls_session(const tls_credentials& own, tls_role role)
  : session_{SSL_new(own.context_.get())} {
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (!session_ || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    throw std::bad_alloc{};
  }
  SSL_set_bio(session_.get(), in_, out_);
  if (role == tls_role::server)
    SSL_set_accept_state(session_.get());
  else
    SSL_set_connect_state(session_.get());
  // The client speaks first. Nothing that a peer did can be wrong yet.
  if (role == tls_role::client)
    static_cast<void>(shake_hands());
}

bool tls_session::is_ready() const {
  return known_ && failure_.code == errc::none;
}

tl::unexpected<failure> tls_session::break_off() {
  failure_ = {errc::protocol_violation, sentence_of(ERR_peek_error())};
  ERR_clear_error();
  return tl::make_unexpected(failure_);
}

expected<void> tls_session::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1)
    return learn_peer();
  if (SSL_get_error(session_.get(), result) != SSL_ERROR_WANT_READ)
    return break_off();
  return {};
}

expected<void> tls_session::learn_peer() {
  auto* shown = SSL_get0_peer_certificate(session_.get());
  auto* key = shown == nullptr ? nullptr : X509_get0_pubkey(shown);
  auto size = peer_.key.size();
  const bio_handle text{BIO_new(BIO_s_mem())};
  if (key == nullptr || !text
      || EVP_PKEY_get_raw_public_key(key, peer_.key.data(), &size) != 1
      || size != peer_.key.size() || PEM_write_bio_X509(text.get(), shown) != 1)
    return break_off();
  char* data = nullptr;
  const auto length = BIO_get_mem_data(text.get(), &data);
  peer_.certificate.assign(data, static_cast<std::size_t>(length));
  known_ = true;
  return {};
}

expected<bytes> tls_session::feed(std::span<const std::uint8_t> input) {
  if (failure_.code != errc::none)
    return tl::make_unexpected(failure_);
  bytes plain;
  if (input.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return fail(errc::too_large, "Too many bytes at once.");
  if (!input.empty())
    BIO_write(in_, input.data(), static_cast<int>(input.size()));
  if (!known_)
    if (auto shaken = shake_hands(); !shaken)
      return tl::make_unexpected(shaken.error());
  if (!known_)
    return plain;
  std::array<std::uint8_t, record_size> part{};
  for (;;) {
    ERR_clear_error();
    const int result
      = SSL_read(session_.get(), part.data(), static_cast<int>(part.size()));
    if (result > 0) {
      plain.insert(plain.end(), part.begin(), part.begin() + result);
      continue;
    }
    switch (SSL_get_error(session_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return plain;
      case SSL_ERROR_ZERO_RETURN:
        peer_closed_ = true;
        return plain;
      default:
        return break_off();
    }
  }
}

expected<void> tls_session::write(std::span<const std::uint8_t> plain) {
  if (failure_.code != errc::none)
    return tl::make_unexpected(failure_);
  if (closed_)
    return fail(errc::closed, "The session was closed on this side.");
  if (!known_)
    return fail(errc::internal, "The session is not ready.");
  if (BIO_ctrl_pending(out_) > output_limit)
    return fail(errc::busy, "Too much waits to be sent.");
  while (!plain.empty()) {
    const auto piece = plain.first(std::min(plain.size(), record_size));
    ERR_clear_error();
    if (SSL_write(session_.get(), piece.data(), static_cast<int>(piece.size()))
        != static_cast<int>(piece.size()))
      return break_off();
    plain = plain.subspan(piece.size());
  }
  return {};
}

bytes tls_session::take_output() {
  bytes output(BIO_ctrl_pending(out_));
  if (!output.empty())
    BIO_read(out_, output.data(), static_cast<int>(output.size()));
  return output;
}

expected<tls_exporter> tls_session::exporter() const {
  if (!is_ready())
    return fail(errc::internal, "The session is not ready.");
  tls_exporter value{};
  if (SSL_export_keying_material(session_.get(), value.data(), value.size(),
                                 exporter_label.data(), exporter_label.size(),
                                 nullptr, 0, 0)
      != 1) {
    ERR_clear_error();
    return fail(errc::internal, "OpenSSL exports no value of the session.");
  }
  return value;
}

void tls_session::close() {
  if (std::exchange(closed_, true) || !is_ready())
    return;
  ERR_clear_error();
  SSL_shutdown(session_.get());
  ERR_clear_error();
}

expected<void> tls_session::end_of_stream() const {
  if (failure_.code != errc::none)
    return tl::make_unexpected(failure_);
  if (peer_closed_)
    return {};
  return fail(errc::protocol_violation,
              "The connection was cut off before the other side ended it.");
}

} // namespace lockstep
