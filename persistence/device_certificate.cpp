#include "persistence/device_certificate.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/device_key.hpp"
#include "persistence/openssl_handles.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace lockstep {

expected<std::string>
open_or_create_certificate(const std::filesystem::path& data_directory,
                           const device_identity& identity) {
  const auto file = data_directory / "device" / "certificate.pem";
  auto known = read_file(file);
  if (known) {
    const auto shown = key_of_certificate(*known);
    if (!shown || *shown != identity.key)
      return fail(errc::corrupt,
                  file.string()
                    + " is no certificate of the key beside it; remove it, and"
                      " it is made anew.");
    return known;
  }
  if (known.error().code != errc::not_found)
    return known;
  auto made = read_file(identity.key_file)
                .and_then(device_key::from_pem)
                .and_then([&](const device_key& key) {
                  return key.certificate_for(to_string(identity.id));
                });
  if (!made)
    return made;
  if (auto written = write_file_atomically(file, *made); !written)
    return tl::make_unexpected(written.error());
  return made;
}

expected<public_key> key_of_certificate(const std::string& pem) {
  auto refuse = [] {
    ERR_clear_error();
    return fail(errc::corrupt,
                "That is no self-signed certificate of an Ed25519 key.");
  };
  const auto in = reader_of(pem);
  if (!in)
    return refuse();
  const certificate_handle read{
    PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr)};
  auto* key = read ? X509_get0_pubkey(read.get()) : nullptr;
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519
      || X509_verify(read.get(), key) != 1)
    return refuse();
  public_key raw{};
  auto size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1
      || size != raw.size())
    return refuse();
  return raw;
}

} // namespace lockstep
