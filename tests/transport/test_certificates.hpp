#pragma once

#include "transport/tls_session.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace lockstep {

/// A key with a self-signed certificate, as PEM.
struct test_certificate {
  std::string certificate;
  std::string key;
};

inline std::string text_in(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

inline test_certificate certificate_of(EVP_PKEY* key, const EVP_MD* digest) {
  const std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), X509_free};
  const std::unique_ptr<BIO, decltype(&BIO_free)> shown{BIO_new(BIO_s_mem()),
                                                        BIO_free};
  const std::unique_ptr<BIO, decltype(&BIO_free)> secret{BIO_new(BIO_s_mem()),
                                                         BIO_free};
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key);
  if (X509_sign(made.get(), key, digest) == 0
      || PEM_write_bio_X509(shown.get(), made.get()) != 1
      || PEM_write_bio_PKCS8PrivateKey(secret.get(), key, nullptr, nullptr, 0,
                                       nullptr, nullptr)
           != 1)
    throw std::runtime_error{"no certificate"};
  return {text_in(shown.get()), text_in(secret.get())};
}

inline test_certificate make_device_certificate() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  return certificate_of(key.get(), nullptr);
}

inline test_certificate make_rsa_certificate() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_RSA_gen(2048), EVP_PKEY_free};
  return certificate_of(key.get(), EVP_sha256());
}

inline tls_credentials credentials_of(const test_certificate& what) {
  auto loaded = tls_credentials::load(what.certificate, what.key);
  if (!loaded)
    throw std::runtime_error{loaded.error().message};
  return *loaded;
}

} // namespace lockstep
