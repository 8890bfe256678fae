#include "transport/invitation_text.hpp"
#include "transport/link_codec.hpp"
#include "transport/pairing_proof.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

namespace lockstep {
namespace {

using testing::HasSubstr;

std::uint64_t seed() {
  const char* given = std::getenv("LOCKSTEP_SEED");
  const auto chosen = given ? std::strtoull(given, nullptr, 10) : 20'261'126;
  std::cout << "LOCKSTEP_SEED=" << chosen << "\n";
  return chosen;
}

invitation some_invitation(std::mt19937_64& random) {
  invitation made;
  auto fill = [&](auto& array) {
    for (auto& byte : array)
      byte = static_cast<std::uint8_t>(random());
  };
  fill(made.library.bytes);
  fill(made.fingerprint);
  fill(made.secret);
  made.library_name = "Photos of J\xc3\xb8rn";
  made.expires_at = wall_time{std::chrono::milliseconds{1'700'000'000'123}};
  made.addresses = {"192.168.1.7:47477", "[fe80::1]:47477"};
  return made;
}

TEST(invitation_text, gives_back_what_it_was_made_from) {
  std::mt19937_64 random{seed()};
  for (int run = 0; run < 100; ++run) {
    auto made = some_invitation(random);
    made.library_name.resize(random() % 12);
    if (run % 5 == 0)
      made.addresses.clear();
    const auto text = to_text(made);
    EXPECT_EQ(text.find_first_of(" \n\t\"'\\$"), std::string::npos);
    const auto read = parse_invitation(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, made);
    EXPECT_EQ(*parse_invitation("  " + text + " \r\n"), made);
  }
}

TEST(invitation_text, notices_every_typo) {
  std::mt19937_64 random{seed()};
  const auto text = to_text(some_invitation(random));
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto wrong = text;
    wrong[at] = wrong[at] == 'x' ? 'y' : 'x';
    const auto read = parse_invitation(wrong);
    ASSERT_FALSE(read) << at;
    EXPECT_EQ(read.error().code, errc::invalid_argument);
    EXPECT_THAT(read.error().message, HasSubstr("copy the whole line"));
    EXPECT_FALSE(parse_invitation(text.substr(0, at))) << at;
    EXPECT_FALSE(parse_invitation(text.substr(0, at) + text.substr(at + 1)))
      << at;
  }
  EXPECT_FALSE(parse_invitation(text + "A"));
  EXPECT_FALSE(parse_invitation(""));
  EXPECT_FALSE(parse_invitation("lockstep:" + std::string(100'000, 'A')));
}

TEST(invitation_text, does_not_read_what_is_only_well_copied) {
  // A right checksum over nothing that is an invitation.
  EXPECT_THAT(parse_invitation("lockstep:AF3_nA").error().message,
              testing::AnyOf(HasSubstr("typo"), HasSubstr("version")));
}

TEST(link_codec, gives_back_every_message_as_it_was) {
  digest_bytes proof{};
  proof.fill(9);
  const library_id library{{1, 2, 3}};
  const device_id device{{4, 5, 6}};
  for (const link_message& said :
       {link_message{link_greeting{7, 3, link_purpose::pairing, "laptop", {}}},
        link_message{
          link_greeting{1, 1, link_purpose::session, "", {"[::1]:4711"}}},
        link_message{link_refused{"No."}},
        link_message{link_refused{"No.", true}},
        link_message{join_request{library, proof, "phone", {"a:1", "b:2"}}},
        link_message{
          join_accepted{proof, "photos", device, "laptop", {"c:3"}}}}) {
    const auto heard = decode_link(encode(said));
    ASSERT_TRUE(heard) << heard.error().message;
    EXPECT_EQ(*heard, said);
  }
}

TEST(link_codec, takes_any_bytes) {
  std::mt19937_64 random{seed()};
  digest_bytes proof{};
  const auto whole
    = encode(join_request{library_id{{1}}, proof, "phone", {"a:1", "b:2"}});
  int refused = 0;
  for (int run = 0; run < 20'000; ++run) {
    auto wrong = whole;
    for (auto changes = 1 + random() % 4; changes > 0; --changes)
      wrong[random() % wrong.size()] = static_cast<std::uint8_t>(random());
    wrong.resize(random() % (wrong.size() + 1));
    const auto heard = decode_link(wrong);
    if (!heard) {
      ++refused;
      EXPECT_EQ(heard.error().code, errc::protocol_violation);
    }
  }
  EXPECT_GT(refused, 1'000);
  EXPECT_FALSE(decode_link({}));
}

TEST(link_codec, refuses_what_cannot_be) {
  join_request many{library_id{{1}}, {}, "phone", {}};
  many.addresses.assign(65, "a:1");
  EXPECT_FALSE(decode_link(encode(many)));
  many.addresses.resize(64);
  EXPECT_TRUE(decode_link(encode(many)));
  link_greeting odd;
  odd.purpose = static_cast<link_purpose>(3);
  EXPECT_FALSE(decode_link(encode(odd)));
  odd.purpose = static_cast<link_purpose>(0);
  EXPECT_FALSE(decode_link(encode(odd)));
}

class proof : public testing::Test {
protected:
  proof() {
    std::mt19937_64 random{7};
    for (auto* part : {&channel.exporter, &channel.guest, &channel.host})
      for (auto& byte : *part)
        byte = static_cast<std::uint8_t>(random());
  }

  pairing_channel channel{library_id{{1}}, {}, {}, {}};
  pairing_secret secret = make_pairing_secret().value();
};

TEST_F(proof, is_the_same_on_both_sides_of_one_channel) {
  const auto same = channel;
  for (const auto side : {pairing_side::guest, pairing_side::host})
    EXPECT_TRUE(is_same_proof(proof_of(secret, channel, side),
                              proof_of(secret, same, side)));
}

TEST_F(proof, hangs_on_everything) {
  const auto right = proof_of(secret, channel, pairing_side::guest);
  EXPECT_FALSE(
    is_same_proof(right, proof_of(secret, channel, pairing_side::host)));
  EXPECT_FALSE(is_same_proof(right, proof_of(make_pairing_secret().value(),
                                             channel, pairing_side::guest)));
  auto changed = [&](auto change) {
    auto other = channel;
    change(other);
    EXPECT_FALSE(
      is_same_proof(right, proof_of(secret, other, pairing_side::guest)));
  };
  changed([](auto& other) { other.exporter[31] ^= 1; });
  changed([](auto& other) { other.guest[0] ^= 1; });
  changed([](auto& other) { other.host[0] ^= 1; });
  changed([](auto& other) { other.library.bytes[15] ^= 1; });
  changed([](auto& other) { std::swap(other.guest, other.host); });
}

TEST_F(proof, says_nothing_of_the_words) {
  EXPECT_NE(verification_of(channel),
            proof_of(secret, channel, pairing_side::guest));
  auto other = channel;
  other.exporter[0] ^= 1;
  EXPECT_NE(verification_of(channel), verification_of(other));
}

} // namespace
} // namespace lockstep
