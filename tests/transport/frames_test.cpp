#include "transport/frames.hpp"

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <vector>

namespace lockstep {
namespace {

constexpr frame_limits small{8, 20};

bytes counting(std::size_t size) {
  bytes made(size);
  for (std::size_t i = 0; i < size; ++i)
    made[i] = static_cast<std::uint8_t>(i * 7 + 1);
  return made;
}

bytes stream_of(const std::vector<bytes>& messages,
                const frame_limits& limits) {
  bytes stream;
  for (const auto& message : messages) {
    const auto frames = split(message, limits).value();
    for (const auto& frame : frames)
      stream.insert(stream.end(), frame.begin(), frame.end());
  }
  return stream;
}

void take(std::vector<bytes>& to, expected<std::vector<bytes>> more) {
  ASSERT_TRUE(more) << more.error().message;
  for (auto& message : *more)
    to.push_back(std::move(message));
}

TEST(frames, begin_with_the_length_of_what_follows_and_the_flags) {
  EXPECT_EQ(split(bytes{1, 2, 3}).value(),
            (std::vector<bytes>{{0, 0, 0, 4, 0, 1, 2, 3}}));
  EXPECT_EQ(split(bytes{}).value(), (std::vector<bytes>{{0, 0, 0, 1, 0}}));
  EXPECT_EQ(split(counting(0x1233)).value().front()[2], 0x12);
}

TEST(frames, carry_a_larger_message_in_pieces) {
  const auto frames = split(counting(15), small).value();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].size(), 12u);
  EXPECT_EQ(frames[0][4], 1);
  EXPECT_EQ(frames[1].size(), 12u);
  EXPECT_EQ(frames[1][4], 1);
  EXPECT_EQ(frames[2].size(), 6u);
  EXPECT_EQ(frames[2][4], 0);
  // No empty last piece where the message fills its frames.
  EXPECT_EQ(split(counting(14), small).value().size(), 2u);
}

TEST(frames, of_the_default_limits_hold_one_mebibyte_at_most) {
  const auto message = counting((std::size_t{2} << 20) + 5);
  const auto frames = split(message).value();
  ASSERT_EQ(frames.size(), 3u);
  for (const auto& frame : frames)
    EXPECT_LE(frame.size(), (std::size_t{1} << 20) + 4);
  frame_assembler assembler;
  std::vector<bytes> received;
  for (const auto& frame : frames)
    take(received, assembler.feed(frame));
  EXPECT_EQ(received, std::vector<bytes>{message});
}

TEST(frames, refuse_to_split_what_is_too_large) {
  EXPECT_TRUE(split(counting(20), small));
  auto refused = split(counting(21), small);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::too_large);
}

TEST(frame_assembler, takes_a_stream_cut_at_every_place) {
  const std::vector<bytes> messages{counting(3), {},           counting(15),
                                    counting(7), counting(14), counting(20)};
  const auto stream = stream_of(messages, small);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    frame_assembler assembler{small};
    std::vector<bytes> received;
    take(received, assembler.feed(std::span{stream}.first(cut)));
    take(received, assembler.feed(std::span{stream}.subspan(cut)));
    ASSERT_EQ(received, messages) << "cut at " << cut;
  }
}

TEST(frame_assembler, takes_a_stream_byte_by_byte) {
  const std::vector<bytes> messages{{}, counting(20), counting(1)};
  frame_assembler assembler{small};
  std::vector<bytes> received;
  for (auto byte : stream_of(messages, small))
    take(received, assembler.feed(bytes{byte}));
  EXPECT_EQ(received, messages);
}

TEST(frame_assembler, refuses_a_length_before_anything_of_it_arrives) {
  const bytes too_long{0, 0, 0, 9, 0};
  auto refused = frame_assembler{small}.feed(too_long);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::protocol_violation);
  const bytes longest{0xff, 0xff, 0xff, 0xff, 0};
  EXPECT_FALSE(frame_assembler{}.feed(longest));
  const bytes just_allowed{0, 0, 0, 8, 0};
  EXPECT_TRUE(frame_assembler{small}.feed(just_allowed));
}

TEST(frame_assembler, refuses_a_length_that_leaves_no_room_for_flags) {
  EXPECT_FALSE(frame_assembler{small}.feed(bytes{0, 0, 0, 0, 0}));
}

TEST(frame_assembler, refuses_flags_that_do_not_exist) {
  EXPECT_FALSE(frame_assembler{small}.feed(bytes{0, 0, 0, 2, 2, 1}));
}

TEST(frame_assembler, refuses_pieces_that_carry_nothing) {
  EXPECT_FALSE(frame_assembler{small}.feed(bytes{0, 0, 0, 1, 1}));
}

TEST(frame_assembler, refuses_pieces_that_add_up_to_too_much) {
  frame_assembler assembler{small};
  const bytes full_piece{0, 0, 0, 8, 1, 1, 2, 3, 4, 5, 6, 7};
  ASSERT_TRUE(assembler.feed(full_piece));
  ASSERT_TRUE(assembler.feed(full_piece));
  // 14 bytes are there, 20 are allowed: the header of 7 more is too much.
  EXPECT_FALSE(assembler.feed(std::span{full_piece}.first(5)));
}

TEST(frame_assembler, stays_failed) {
  frame_assembler assembler{small};
  const auto first = assembler.feed(bytes{0, 0, 0, 0, 0});
  ASSERT_FALSE(first);
  const auto second = assembler.feed(split(counting(3), small)->front());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), first.error());
}

TEST(frame_assembler, survives_noise) {
  std::mt19937_64 random{11};
  for (int round = 0; round < 2'000; ++round) {
    frame_assembler assembler{small};
    for (int piece = 0; piece < 10; ++piece) {
      bytes noise(random() % 12);
      for (auto& byte : noise)
        byte = random() % 3 ? 0 : static_cast<std::uint8_t>(random() % 10);
      auto received = assembler.feed(noise);
      if (!received) {
        ASSERT_EQ(received.error().code, errc::protocol_violation);
        break;
      }
      for (const auto& message : *received)
        ASSERT_LE(message.size(), small.message);
    }
  }
}

} // namespace
} // namespace lockstep
