#include "transport/codec.hpp"

#include "tests/transport/random_messages.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <random>
#include <span>
#include <string>

namespace lockstep {
namespace {

// LOCKSTEP_SEED in the environment replays a run.
std::uint64_t seed() {
  const char* given = std::getenv("LOCKSTEP_SEED");
  const auto chosen = given ? std::strtoull(given, nullptr, 10) : 20'240'601;
  ::testing::Test::RecordProperty("seed", std::to_string(chosen));
  return chosen;
}

// Field 1 of every envelope, as protoc's format has it: tag, length, bytes.
bytes library_field(std::size_t length) {
  bytes made{0x0a, static_cast<std::uint8_t>(length)};
  made.resize(made.size() + length, 0x11);
  return made;
}

void append(bytes& to, std::initializer_list<std::uint8_t> more) {
  to.insert(to.end(), more);
}

errc refusal_of(const bytes& encoded) {
  auto decoded = decode(encoded);
  return decoded ? errc::none : decoded.error().code;
}

TEST(codec, gives_back_every_message_as_it_was) {
  const auto start = seed();
  SCOPED_TRACE("seed " + std::to_string(start));
  random_messages random{start};
  for (int round = 0; round < 200; ++round)
    for (std::size_t kind = 0; kind < message_kinds; ++kind) {
      const auto sent = random.make(kind);
      ASSERT_EQ(sent.message.index(), kind);
      auto encoded = encode(sent);
      ASSERT_TRUE(encoded);
      auto received = decode(*encoded);
      ASSERT_TRUE(received) << received.error().message;
      ASSERT_EQ(*received, sent) << "kind " << kind << ", round " << round;
    }
}

TEST(codec, never_takes_a_cut_off_message_for_the_whole) {
  random_messages random{7};
  for (std::size_t kind = 0; kind < message_kinds; ++kind) {
    const auto sent = random.make(kind);
    const auto whole = encode(sent).value();
    for (std::size_t length = 0; length < whole.size(); ++length) {
      auto received = decode(std::span{whole}.first(length));
      if (received)
        ASSERT_NE(*received, sent) << "kind " << kind << " cut to " << length;
      else
        ASSERT_EQ(received.error().code, errc::protocol_violation);
    }
  }
}

TEST(codec, survives_garbage) {
  const auto start = seed();
  SCOPED_TRACE("seed " + std::to_string(start));
  random_messages messages{start};
  std::mt19937_64 random{start};
  for (int round = 0; round < 5'000; ++round) {
    auto damaged = encode(messages.make(random() % message_kinds)).value();
    for (auto hits = 1 + random() % 8; hits > 0; --hits)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    if (auto received = decode(damaged)) {
      // What can be read can be said again.
      auto again = encode(*received);
      ASSERT_TRUE(again);
      ASSERT_EQ(decode(*again).value(), *received);
    } else {
      ASSERT_EQ(received.error().code, errc::protocol_violation);
      ASSERT_FALSE(received.error().message.empty());
    }
    bytes noise(random() % 200);
    for (auto& byte : noise)
      byte = static_cast<std::uint8_t>(random());
    static_cast<void>(decode(noise));
  }
}

TEST(codec, refuses_no_bytes_at_all) {
  EXPECT_EQ(refusal_of({}), errc::protocol_violation);
}

TEST(codec, refuses_an_envelope_without_a_message) {
  EXPECT_EQ(refusal_of(library_field(16)), errc::protocol_violation);
}

TEST(codec, refuses_an_id_of_any_other_length) {
  const auto good = encode({library_id{}, propose{}}).value();
  ASSERT_EQ(refusal_of(good), errc::none);
  for (std::size_t length : {0u, 1u, 15u, 17u, 32u}) {
    auto bad = library_field(length);
    bad.insert(bad.end(), good.begin() + 18, good.end());
    EXPECT_EQ(refusal_of(bad), errc::protocol_violation) << length;
  }
}

TEST(codec, refuses_a_message_without_its_ballot) {
  auto encoded = library_field(16);
  append(encoded, {0x62, 0x00}); // field 12 (propose), empty
  EXPECT_EQ(refusal_of(encoded), errc::protocol_violation);
}

TEST(codec, refuses_a_kind_of_change_that_does_not_exist) {
  for (int change : {0, 5, 200}) {
    propose sent;
    sent.operations.emplace_back().change = static_cast<change_type>(change);
    EXPECT_EQ(refusal_of(encode({library_id{}, sent}).value()),
              errc::protocol_violation)
      << change;
  }
}

TEST(codec, refuses_a_reason_that_does_not_exist) {
  vote sent;
  sent.reason = static_cast<refusal>(6);
  EXPECT_EQ(refusal_of(encode({library_id{}, sent}).value()),
            errc::protocol_violation);
}

TEST(codec, skips_fields_that_a_newer_version_added) {
  const envelope sent{library_id{}, proposal_ack{{}, {}, true}};
  auto encoded = encode(sent).value();
  append(encoded, {0xc2, 0x3e, 0x03, 'n', 'e', 'w'}); // field 1000, 3 bytes
  append(encoded, {0xc8, 0x3e, 0x2a});                // field 1001, a number
  EXPECT_EQ(decode(encoded).value(), sent);
}

TEST(codec, refuses_to_send_what_the_other_side_would_refuse) {
  propose sent;
  sent.operations.resize(2);
  for (auto& one : sent.operations)
    one.data.resize(frame_limits{}.message / 2);
  auto encoded = encode({library_id{}, sent});
  ASSERT_FALSE(encoded);
  EXPECT_EQ(encoded.error().code, errc::too_large);
}

} // namespace
} // namespace lockstep
