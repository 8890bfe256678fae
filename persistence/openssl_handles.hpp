#pragma once

#include <openssl/bio.h>
#include <openssl/x509.h>

#include <limits>
#include <memory>
#include <string>

/// What OpenSSL hands out, owned, and PEM text on its way in and out.
namespace lockstep {

template <auto Free> struct release_by {
  template <class T> void operator()(T* what) const {
    Free(what);
  }
};
using bio_handle = std::unique_ptr<BIO, release_by<BIO_free>>;
using certificate_handle = std::unique_ptr<X509, release_by<X509_free>>;

/// Says no to any passphrase that a PEM file might ask the terminal for.
inline int no_passphrase(char*, int, int, void*) {
  return -1;
}

/// Null where the text is too large. The text must outlive it.
inline bio_handle reader_of(const std::string& text) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return nullptr;
  return bio_handle{
    BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// What was written into a memory BIO.
inline std::string text_in(BIO* written) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(written, &data);
  return {data, static_cast<std::size_t>(size)};
}

} // namespace lockstep
