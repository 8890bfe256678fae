#include "transport/frames.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace lockstep {

namespace {

constexpr std::size_t length_size = 4;
constexpr std::size_t flags_size = 1;
constexpr std::size_t header_size = length_size + flags_size;
constexpr std::uint8_t more_follow_flag = 1;

bytes make_frame(std::span<const std::uint8_t> piece, bool more_follow) {
  auto length = static_cast<std::uint32_t>(flags_size + piece.size());
  bytes frame;
  frame.reserve(header_size + piece.size());
  for (int shift : {24, 16, 8, 0})
    frame.push_back(static_cast<std::uint8_t>(length >> shift));
  frame.push_back(more_follow ? more_follow_flag : std::uint8_t{0});
  frame.insert(frame.end(), piece.begin(), piece.end());
  return frame;
}

} // namespace

expected<std::vector<bytes>> split(std::span<const std::uint8_t> message,
                                   const frame_limits& limits) {
  if (message.size() > limits.message)
    return fail(errc::too_large,
                "A message of " + std::to_string(message.size())
                  + " bytes is larger than the "
                  + std::to_string(limits.message) + " that may be sent.");
  const auto piece_limit = limits.frame - flags_size;
  std::vector<bytes> frames;
  do {
    auto piece = message.first(std::min(piece_limit, message.size()));
    message = message.subspan(piece.size());
    frames.push_back(make_frame(piece, !message.empty()));
  } while (!message.empty());
  return frames;
}

frame_assembler::frame_assembler(const frame_limits& limits) : limits_(limits) {
}

expected<std::vector<bytes>>
frame_assembler::feed(std::span<const std::uint8_t> input) {
  if (failure_.code != errc::none)
    return tl::make_unexpected(failure_);
  std::vector<bytes> complete;
  while (!input.empty()) {
    if (header_size_ < header_size) {
      header_[header_size_++] = input.front();
      input = input.subspan(1);
      // The length is judged as soon as it is whole, the flags with it.
      if (header_size_ < header_size)
        continue;
      if (auto begun = begin_frame(); !begun)
        return tl::make_unexpected(begun.error());
    }
    auto piece = input.first(std::min(missing_, input.size()));
    message_.insert(message_.end(), piece.begin(), piece.end());
    input = input.subspan(piece.size());
    missing_ -= piece.size();
    if (missing_ > 0)
      break;
    header_size_ = 0;
    if (!more_follow_)
      complete.push_back(std::exchange(message_, {}));
  }
  return complete;
}

expected<void> frame_assembler::begin_frame() {
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_size; ++i)
    length = length << 8 | header_[i];
  const auto flags = header_[length_size];
  if (length < flags_size || length > limits_.frame)
    return break_off("A frame claims to be " + std::to_string(length)
                     + " bytes long; 1 to " + std::to_string(limits_.frame)
                     + " are allowed.");
  if ((flags & ~more_follow_flag) != 0)
    return break_off("A frame has flags that this version does not know.");
  missing_ = length - flags_size;
  more_follow_ = (flags & more_follow_flag) != 0;
  if (more_follow_ && missing_ == 0)
    return break_off("A frame promises more pieces but carries none.");
  if (missing_ > limits_.message - message_.size())
    return break_off("A message in pieces grows beyond "
                     + std::to_string(limits_.message) + " bytes.");
  return {};
}

tl::unexpected<failure> frame_assembler::break_off(std::string why) {
  failure_ = {errc::protocol_violation, std::move(why)};
  message_ = {};
  return tl::make_unexpected(failure_);
}

} // namespace lockstep
