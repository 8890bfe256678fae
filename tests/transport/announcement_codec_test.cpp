#include "transport/announcement_codec.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace lockstep {
namespace {

const announcement ann{
  device_id{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}, 47'477};

std::vector<std::uint8_t> said() {
  const auto encoded = encode(ann);
  return {encoded.begin(), encoded.end()};
}

TEST(announcement_codec, says_it_in_23_bytes) {
  const std::vector<std::uint8_t> expected{
    'L', 'k', 'S', 't', 1,  1,  2,  3,  4,  5,    6,   7,
    8,   9,   10,  11,  12, 13, 14, 15, 16, 0xb9, 0x75};
  EXPECT_EQ(said(), expected);
  EXPECT_EQ(decode_announcement(said()), ann);
}

TEST(announcement_codec, skips_what_a_later_device_says_beside_it) {
  auto more = said();
  more.insert(more.end(), 400, 0xff);
  EXPECT_EQ(decode_announcement(more), ann);
}

TEST(announcement_codec, refuses_what_is_too_short) {
  const auto all = said();
  for (std::size_t size = 0; size < all.size(); ++size)
    EXPECT_FALSE(decode_announcement(std::span{all}.first(size))) << size;
}

TEST(announcement_codec, refuses_what_is_not_ours_or_of_another_version) {
  for (std::size_t i = 0; i < 5; ++i) {
    auto other = said();
    ++other[i];
    const auto decoded = decode_announcement(other);
    ASSERT_FALSE(decoded) << i;
    EXPECT_EQ(decoded.error().code, errc::protocol_violation);
  }
}

TEST(announcement_codec, refuses_no_device_and_no_port) {
  for (const auto& nobody : {announcement{{}, 1}, announcement{ann.device, 0}})
    EXPECT_FALSE(decode_announcement(encode(nobody)));
}

} // namespace
} // namespace lockstep
