#include "protocol/pairing.hpp"
#include "protocol/verification_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lockstep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const time_point start = time_point{} + 1h;
const time_point end = start + 10min;

TEST(pairing_host, lets_one_device_in_once) {
  pairing_host host{end};
  EXPECT_TRUE(host.is_open(start));
  EXPECT_TRUE(host.judge(true, start));
  EXPECT_FALSE(host.is_open(start));
  const auto again = host.judge(true, start);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("used"));
}

TEST(pairing_host, is_over_at_its_time) {
  pairing_host host{end};
  EXPECT_TRUE(host.is_open(end - 1ns));
  EXPECT_FALSE(host.is_open(end));
  const auto late = host.judge(true, end);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("expired"));
}

TEST(pairing_host, a_few_wrong_tries_do_no_harm) {
  pairing_host host{end};
  for (std::uint32_t i = 1; i < pairing_host::tries_most; ++i)
    EXPECT_FALSE(host.judge(false, start));
  EXPECT_TRUE(host.is_open(start));
  EXPECT_TRUE(host.judge(true, start));
}

TEST(pairing_host, the_fifth_wrong_try_ends_it_also_for_the_right_secret) {
  pairing_host host{end};
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(host.judge(false, start));
  EXPECT_FALSE(host.is_open(start));
  EXPECT_FALSE(host.judge(true, start));
  for (int i = 0; i < 1'000; ++i)
    EXPECT_FALSE(host.judge(i % 7 == 0, start));
}

TEST(pairing_host, tells_a_guesser_nothing_of_how_it_stands) {
  pairing_host fresh{end};
  pairing_host used{end};
  ASSERT_TRUE(used.judge(true, start));
  pairing_host over{end};
  pairing_host ended{end};
  for (int i = 0; i < 5; ++i)
    ASSERT_FALSE(ended.judge(false, start));
  const auto said = fresh.judge(false, start).error();
  EXPECT_EQ(used.judge(false, start).error(), said);
  EXPECT_EQ(over.judge(false, end).error(), said);
  EXPECT_EQ(ended.judge(false, start).error(), said);
  EXPECT_EQ(ended.judge(true, start).error(), said);
}

invitation given() {
  invitation made;
  made.fingerprint.fill(7);
  made.expires_at = wall_time{10min};
  return made;
}

TEST(pairing_guest, trusts_the_inviting_device_once_it_proved_the_secret) {
  pairing_guest guest{given()};
  EXPECT_FALSE(guest.is_done());
  ASSERT_TRUE(guest.meet(given().fingerprint, wall_time{1min}));
  EXPECT_FALSE(guest.is_done());
  ASSERT_TRUE(guest.conclude(true));
  EXPECT_TRUE(guest.is_done());
}

TEST(pairing_guest, shows_its_proof_to_no_other_device) {
  pairing_guest guest{given()};
  auto other = given().fingerprint;
  other[31] ^= 1;
  EXPECT_FALSE(guest.meet(other, wall_time{1min}));
  // Nor later.
  EXPECT_FALSE(guest.meet(given().fingerprint, wall_time{1min}));
  EXPECT_FALSE(guest.conclude(true));
  EXPECT_FALSE(guest.is_done());
}

TEST(pairing_guest, does_not_trust_a_wrong_proof) {
  pairing_guest guest{given()};
  ASSERT_TRUE(guest.meet(given().fingerprint, wall_time{1min}));
  const auto told = guest.conclude(false);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, errc::protocol_violation);
  EXPECT_FALSE(guest.conclude(true));
  EXPECT_FALSE(guest.is_done());
}

TEST(pairing_guest, does_not_take_an_answer_before_it_asked) {
  pairing_guest guest{given()};
  EXPECT_FALSE(guest.conclude(true));
  EXPECT_FALSE(guest.is_done());
}

TEST(pairing_guest, lets_the_clocks_of_two_devices_differ) {
  pairing_guest early{given()};
  EXPECT_TRUE(early.meet(given().fingerprint, wall_time{14min}));
  pairing_guest late{given()};
  const auto told = late.meet(given().fingerprint, wall_time{15min});
  ASSERT_FALSE(told);
  EXPECT_THAT(told.error().message, HasSubstr("expired"));
}

TEST(verification_words, are_three_and_differ_with_each_byte) {
  digest_bytes digest{};
  std::set<std::string> all;
  for (int value = 0; value < 256; ++value) {
    digest[0] = static_cast<std::uint8_t>(value);
    const auto words = verification_words(digest);
    EXPECT_EQ(std::count(words.begin(), words.end(), ' '), 2);
    EXPECT_EQ(words.find_first_not_of("abcdefghijklmnopqrstuvwxyz "),
              std::string::npos);
    all.insert(words);
  }
  EXPECT_EQ(all.size(), 256u);
  digest[1] = 1;
  EXPECT_FALSE(all.contains(verification_words(digest)));
  digest[1] = 0;
  digest[2] = 1;
  EXPECT_FALSE(all.contains(verification_words(digest)));
  digest[2] = 0;
  digest[3] = 1;
  EXPECT_TRUE(all.contains(verification_words(digest)));
}

} // namespace
} // namespace lockstep
