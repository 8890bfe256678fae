#include "persistence/device_key.hpp"

#include "persistence/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <array>

namespace lockstep {

namespace {

tl::unexpected<failure> openssl_failed(const std::string& what) {
  return fail(errc::internal, "OpenSSL could not " + what + ".");
}

/// The 32 bytes that Ed25519 makes its key from.
std::array<std::uint8_t, 32> private_bytes(std::uint64_t seed) {
  auto text = "lockstep simulated device " + std::to_string(seed);
  std::array<std::uint8_t, 32> bytes{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         bytes.data());
  return bytes;
}

bool set_name(X509* certificate, const std::string& name) {
  auto* subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(
           subject, "CN", MBSTRING_UTF8,
           reinterpret_cast<const unsigned char*>(name.data()),
           static_cast<int>(name.size()), -1, 0)
           == 1
         && X509_set_issuer_name(certificate, subject) == 1;
}

/// For ever, as RFC 5280 writes it: a device is known by its key.
bool set_validity(X509* certificate) {
  return ASN1_TIME_set_string(X509_getm_notBefore(certificate),
                              "20200101000000Z")
           == 1
         && ASN1_TIME_set_string(X509_getm_notAfter(certificate),
                                 "99991231235959Z")
              == 1;
}

bool deny_authority(X509* certificate) {
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints,
                                        "critical,CA:FALSE");
  const bool added
    = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

} // namespace

device_key::device_key(handle key) : key_{std::move(key)} {
}

void device_key::release::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

expected<device_key> device_key::generate(std::optional<std::uint64_t> seed) {
  handle key;
  if (seed) {
    auto bytes = private_bytes(*seed);
    key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                           bytes.data(), bytes.size()));
  } else {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  if (!key)
    return openssl_failed("make a key");
  return device_key{std::move(key)};
}

expected<device_key> device_key::from_pem(const std::string& pem) {
  const auto in = reader_of(pem);
  if (!in)
    return fail(errc::corrupt, "it is too large for a key");
  handle key{
    PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr)};
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    // A left-over error would be taken for one of the next TLS call.
    ERR_clear_error();
    return fail(errc::corrupt, "it holds no Ed25519 private key");
  }
  return device_key{std::move(key)};
}

expected<std::string> device_key::to_pem() const {
  bio_handle out{BIO_new(BIO_s_mem())};
  if (!out
      || PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr,
                                       0, nullptr, nullptr)
           != 1)
    return openssl_failed("write a key");
  return text_in(out.get());
}

expected<public_key> device_key::public_key() const {
  lockstep::public_key raw{};
  auto size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size) != 1
      || size != raw.size())
    return openssl_failed("tell a public key");
  return raw;
}

expected<std::string>
device_key::certificate_for(const std::string& name) const {
  const certificate_handle made{X509_new()};
  const bio_handle out{BIO_new(BIO_s_mem())};
  if (!made || !out || X509_set_version(made.get(), X509_VERSION_3) != 1
      || ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1) != 1
      || !set_name(made.get(), name) || !set_validity(made.get())
      || X509_set_pubkey(made.get(), key_.get()) != 1
      || !deny_authority(made.get())
      || X509_sign(made.get(), key_.get(), nullptr) == 0
      || PEM_write_bio_X509(out.get(), made.get()) != 1) {
    ERR_clear_error();
    return openssl_failed("make a certificate");
  }
  return text_in(out.get());
}

} // namespace lockstep
