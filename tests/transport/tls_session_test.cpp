#include "transport/tls_session.hpp"

#include "tests/transport/test_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>

namespace lockstep {
namespace {

using testing::HasSubstr;

std::uint64_t seed() {
  const char* given = std::getenv("LOCKSTEP_SEED");
  const auto chosen = given ? std::strtoull(given, nullptr, 10) : 20'261'126;
  std::cout << "LOCKSTEP_SEED=" << chosen << "\n";
  return chosen;
}

bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  bytes made(size);
  std::generate(made.begin(), made.end(),
                [&] { return static_cast<std::uint8_t>(random()); });
  return made;
}

bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

/// Two sessions with a wire between them.
class tls : public testing::Test {
protected:
  /// Carries bytes until neither side has more; false once one of them fails,
  /// whose failure is then in `broken`. `piece` says how much arrives at once.
  template <class Piece> bool carry(Piece piece) {
    for (;;) {
      const auto to_server = client.take_output();
      const auto to_client = server.take_output();
      if (to_server.empty() && to_client.empty())
        return true;
      if (!deliver(to_server, server, at_server, piece)
          || !deliver(to_client, client, at_client, piece))
        return false;
    }
  }
  bool carry() {
    return carry([] { return std::size_t{1} << 20; });
  }

  template <class Piece>
  bool deliver(std::span<const std::uint8_t> what, tls_session& to,
               bytes& plain, Piece piece) {
    while (!what.empty()) {
      const auto part = what.first(std::min(what.size(), piece()));
      what = what.subspan(part.size());
      auto read = to.feed(part);
      if (!read) {
        broken = read.error();
        return false;
      }
      plain.insert(plain.end(), read->begin(), read->end());
    }
    return true;
  }

  test_certificate ann = make_device_certificate();
  test_certificate bob = make_device_certificate();
  tls_session client{credentials_of(ann), tls_role::client};
  tls_session server{credentials_of(bob), tls_role::server};
  bytes at_client;
  bytes at_server;
  failure broken{errc::none, {}};
};

TEST_F(tls, both_sides_learn_who_the_other_is) {
  EXPECT_FALSE(client.is_ready());
  ASSERT_TRUE(carry()) << broken.message;
  ASSERT_TRUE(client.is_ready());
  ASSERT_TRUE(server.is_ready());
  EXPECT_EQ(client.peer().certificate, bob.certificate);
  EXPECT_EQ(server.peer().certificate, ann.certificate);
  EXPECT_NE(client.peer().key, server.peer().key);
}

TEST_F(tls, both_ends_of_a_session_export_the_same_and_no_others) {
  ASSERT_TRUE(carry());
  const auto value = client.exporter().value();
  EXPECT_EQ(value, server.exporter().value());
  client = tls_session{credentials_of(ann), tls_role::client};
  server = tls_session{credentials_of(bob), tls_role::server};
  EXPECT_FALSE(client.exporter());
  ASSERT_TRUE(carry());
  EXPECT_NE(value, client.exporter().value());
}

TEST_F(tls, carries_what_is_said_byte_by_byte) {
  auto one = [] {
    return std::size_t{1};
  };
  ASSERT_TRUE(carry(one)) << broken.message;
  ASSERT_TRUE(client.write(bytes_of("hello")));
  ASSERT_TRUE(server.write(bytes_of("welcome")));
  ASSERT_TRUE(carry(one)) << broken.message;
  EXPECT_EQ(at_server, bytes_of("hello"));
  EXPECT_EQ(at_client, bytes_of("welcome"));
}

TEST_F(tls, carries_much_in_pieces_of_any_size) {
  std::mt19937_64 random{seed()};
  const auto large = random_bytes(random, std::size_t{3} << 20);
  auto any = [&] {
    return std::size_t{1} + random() % 40'000;
  };
  ASSERT_TRUE(carry(any));
  ASSERT_TRUE(client.write(large));
  ASSERT_TRUE(server.write(large));
  ASSERT_TRUE(carry(any)) << broken.message;
  EXPECT_EQ(at_server, large);
  EXPECT_EQ(at_client, large);
}

TEST_F(tls, does_not_show_on_the_wire_what_is_said) {
  ASSERT_TRUE(carry());
  ASSERT_TRUE(client.write(bytes_of("a secret of ours")));
  const auto wire = client.take_output();
  const std::string text{wire.begin(), wire.end()};
  EXPECT_THAT(text, testing::Not(HasSubstr("secret")));
  EXPECT_GT(wire.size(), 16u);
}

TEST_F(tls, takes_no_more_than_may_wait) {
  ASSERT_TRUE(carry());
  const bytes part(std::size_t{1} << 20);
  int taken = 0;
  expected<void> written;
  while (taken < 100 && (written = client.write(part)))
    ++taken;
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, errc::busy);
  EXPECT_LE(taken, 5);
  ASSERT_TRUE(carry());
  EXPECT_TRUE(client.write(part));
}

TEST_F(tls, refuses_to_speak_before_the_peer_is_known) {
  EXPECT_EQ(client.write(bytes_of("x")).error().code, errc::internal);
  EXPECT_EQ(server.write(bytes_of("x")).error().code, errc::internal);
}

TEST_F(tls, notices_each_change_on_the_way) {
  std::mt19937_64 random{seed()};
  for (int run = 0; run < 300; ++run) {
    client = tls_session{credentials_of(ann), tls_role::client};
    server = tls_session{credentials_of(bob), tls_role::server};
    at_server.clear();
    ASSERT_TRUE(carry());
    const auto said = random_bytes(random, 1 + random() % 3'000);
    ASSERT_TRUE(client.write(said));
    auto wire = client.take_output();
    const auto at = random() % wire.size();
    wire[at] ^= static_cast<std::uint8_t>(1 + random() % 255);
    // A length that was made longer lets it wait for the rest, for ever.
    const auto read = server.feed(wire);
    if (read)
      EXPECT_EQ(read->size(), 0u) << run;
    else
      EXPECT_EQ(read.error().code, errc::protocol_violation);
    EXPECT_FALSE(server.end_of_stream());
  }
}

/// Where in its record a byte of the wire is.
std::size_t place_in_record(const bytes& wire, std::size_t at) {
  std::size_t begin = 0;
  for (;;) {
    const auto end
      = begin + 5 + std::size_t{wire[begin + 3]} * 256 + wire[begin + 4];
    if (at < end)
      return at - begin;
    begin = end;
  }
}

TEST_F(tls, agrees_on_nothing_when_the_handshake_is_changed) {
  std::mt19937_64 random{seed()};
  int noticed = 0;
  for (int run = 0; run < 300; ++run) {
    client = tls_session{credentials_of(ann), tls_role::client};
    server = tls_session{credentials_of(bob), tls_role::server};
    auto left = random() % 1'500;
    bool changed = false;
    // The version in a record's head says nothing, and nobody reads it.
    bool counts = false;
    auto pass = [&](tls_session& from, tls_session& to) {
      auto wire = from.take_output();
      if (!changed && left < wire.size()) {
        const auto place = place_in_record(wire, left);
        counts = place != 1 && place != 2;
        wire[left] ^= static_cast<std::uint8_t>(1 + random() % 255);
        changed = true;
      } else if (!changed) {
        left -= wire.size();
      }
      return to.feed(wire).has_value() && !wire.empty();
    };
    bool goes_on = true;
    while (goes_on) {
      goes_on = pass(client, server);
      goes_on = pass(server, client) || goes_on;
    }
    if (!changed || !counts)
      continue;
    ++noticed;
    EXPECT_FALSE(client.is_ready() && server.is_ready()) << "run " << run;
  }
  EXPECT_GT(noticed, 100);
}

TEST_F(tls, fails_on_garbage_and_stays_failed) {
  std::mt19937_64 random{seed()};
  for (int run = 0; run < 200; ++run) {
    tls_session fresh{credentials_of(bob), tls_role::server};
    auto noise = random_bytes(random, 600);
    // Not the beginning of a record.
    noise[0] = static_cast<std::uint8_t>(noise[0] | 0x80u);
    const auto read = fresh.feed(noise);
    ASSERT_FALSE(read) << run;
    EXPECT_EQ(read.error().code, errc::protocol_violation);
    EXPECT_EQ(fresh.feed(client.take_output()), read);
    EXPECT_FALSE(fresh.is_ready());
  }
}

TEST_F(tls, tells_a_browser_from_a_device) {
  const auto read
    = server.feed(bytes_of("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("HTTP"));
}

TEST_F(tls, tells_an_end_from_a_cut) {
  ASSERT_TRUE(carry());
  ASSERT_TRUE(client.write(bytes_of("last words")));
  client.close();
  EXPECT_EQ(client.write(bytes_of("more")).error().code, errc::closed);
  EXPECT_FALSE(server.end_of_stream());
  EXPECT_THAT(server.end_of_stream().error().message, HasSubstr("cut off"));
  ASSERT_TRUE(carry());
  EXPECT_TRUE(server.peer_closed());
  EXPECT_TRUE(server.end_of_stream());
  EXPECT_EQ(at_server, bytes_of("last words"));
  // The other direction is still open.
  EXPECT_FALSE(client.peer_closed());
  ASSERT_TRUE(server.write(bytes_of("goodbye")));
  server.close();
  ASSERT_TRUE(carry());
  EXPECT_TRUE(client.end_of_stream());
}

TEST_F(tls, takes_only_a_key_and_a_certificate_that_belong_together) {
  const auto rsa = make_rsa_certificate();
  for (const auto& [certificate, key] : {std::pair{ann.certificate, bob.key},
                                         {rsa.certificate, rsa.key},
                                         {"", ann.key},
                                         {ann.certificate, ""},
                                         {"text", "text"},
                                         {ann.certificate, rsa.key}}) {
    const auto loaded = tls_credentials::load(certificate, key);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, errc::invalid_argument);
  }
}

/// A peer that plays by other rules, straight on OpenSSL.
class stranger {
public:
  explicit stranger(int newest) : context_{SSL_CTX_new(TLS_client_method())} {
    SSL_CTX_set_max_proto_version(context_, newest);
  }
  stranger(const stranger&) = delete;
  stranger& operator=(const stranger&) = delete;
  ~stranger() {
    SSL_free(session_);
    SSL_CTX_free(context_);
  }

  void show(const test_certificate& what) {
    BIO* certificate = BIO_new_mem_buf(what.certificate.data(), -1);
    BIO* key = BIO_new_mem_buf(what.key.data(), -1);
    X509* shown = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
    EVP_PKEY* secret = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_, shown);
    SSL_CTX_use_PrivateKey(context_, secret);
    X509_free(shown);
    EVP_PKEY_free(secret);
    BIO_free(certificate);
    BIO_free(key);
  }

  /// What the server makes of it.
  expected<bytes> meet(tls_session& server) {
    session_ = SSL_new(context_);
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(session_, in, out);
    SSL_set_connect_state(session_);
    expected<bytes> read = bytes{};
    for (int turn = 0; turn < 10 && read; ++turn) {
      SSL_do_handshake(session_);
      bytes wire(BIO_ctrl_pending(out));
      if (!wire.empty())
        BIO_read(out, wire.data(), static_cast<int>(wire.size()));
      read = server.feed(wire);
      const auto answer = server.take_output();
      if (!answer.empty())
        BIO_write(in, answer.data(), static_cast<int>(answer.size()));
    }
    return read;
  }

private:
  SSL_CTX* context_;
  SSL* session_ = nullptr;
};

TEST_F(tls, refuses_whoever_shows_no_certificate) {
  stranger peer{TLS1_3_VERSION};
  const auto met = peer.meet(server);
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().message, HasSubstr("no Ed25519 certificate"));
  EXPECT_FALSE(server.is_ready());
}

TEST_F(tls, refuses_an_rsa_certificate) {
  stranger peer{TLS1_3_VERSION};
  peer.show(make_rsa_certificate());
  const auto met = peer.meet(server);
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().message, HasSubstr("certificate"));
  EXPECT_FALSE(server.is_ready());
}

TEST_F(tls, refuses_a_certificate_that_another_key_signed) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  auto forged = certificate_of(key.get(), nullptr);
  // Another signature of the same length.
  BIO* text = BIO_new_mem_buf(forged.certificate.data(), -1);
  X509* shown = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> other{
    EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  X509_sign(shown, other.get(), nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, shown);
  forged.certificate = text_in(out);
  BIO_free(text);
  BIO_free(out);
  X509_free(shown);
  stranger peer{TLS1_3_VERSION};
  peer.show(forged);
  const auto met = peer.meet(server);
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().message, HasSubstr("no device's"));
}

TEST_F(tls, refuses_tls_1_2) {
  stranger peer{TLS1_2_VERSION};
  peer.show(make_device_certificate());
  const auto met = peer.meet(server);
  ASSERT_FALSE(met);
  EXPECT_THAT(met.error().message, HasSubstr("TLS 1.3"));
}

TEST_F(tls, takes_a_device_that_uses_openssl_directly) {
  stranger peer{TLS1_3_VERSION};
  const auto shown = make_device_certificate();
  peer.show(shown);
  ASSERT_TRUE(peer.meet(server));
  ASSERT_TRUE(server.is_ready());
  EXPECT_EQ(server.peer().certificate, shown.certificate);
}

} // namespace
} // namespace lockstep
