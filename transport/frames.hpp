#pragma once

#include "messages/errors.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// How messages are cut into frames. A frame is a length of four bytes (big
/// endian, counts what follows it), one byte of flags, and a piece of a
/// message. Bit 0 of the flags says that more pieces of the message follow; the
/// other bits are zero.
namespace lockstep {

/// What travels.
using bytes = std::vector<std::uint8_t>;

/// The most that a frame and a message may take; both sides of a link use the
/// same.
struct frame_limits {
  /// Largest length in a frame's header: flags and piece.
  std::size_t frame = std::size_t{1} << 20;
  /// Largest message, put together from its pieces.
  std::size_t message = std::size_t{96} << 20;
};

/// The frames of one message, in the order in which they must be sent. Errors:
/// `too_large` beyond `limits.message`.
expected<std::vector<bytes>> split(std::span<const std::uint8_t> message,
                                   const frame_limits& limits = {});

/// Puts the messages of one link together from whatever pieces of the byte
/// stream arrive. Lengths are checked before anything is kept, so it never
/// holds more than `limits.message` bytes.
class frame_assembler {
public:
  explicit frame_assembler(const frame_limits& limits = {});

  /// The messages that `input` completes, oldest first. Errors:
  /// `protocol_violation`; the assembler then stays failed and gives the same
  /// answer for ever.
  expected<std::vector<bytes>> feed(std::span<const std::uint8_t> input);

private:
  expected<void> begin_frame();
  tl::unexpected<failure> break_off(std::string why);

  frame_limits limits_;
  /// Length and flags of the frame under way.
  std::array<std::uint8_t, 5> header_{};
  std::size_t header_size_ = 0;
  /// Bytes of the frame's piece that are still to come.
  std::size_t missing_ = 0;
  bool more_follow_ = false;
  bytes message_;
  failure failure_{errc::none, {}};
};

} // namespace lockstep
