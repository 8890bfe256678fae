#include "tests/fuzz/decoders.hpp"

#include "apps/cli/distant_command.hpp"
#include "tests/fuzz/sealed_text.hpp"
#include "transport/announcement_codec.hpp"
#include "transport/codec.hpp"
#include "transport/frames.hpp"
#include "transport/invitation_text.hpp"
#include "transport/link_codec.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

namespace lockstep {

namespace {

using input_bytes = std::span<const std::uint8_t>;

void expect(bool holds, const char* what) {
  if (!holds)
    throw std::logic_error{what};
}

/// Refuses as a decoder refuses: with that code, and a sentence.
template <class T> void expect_refusal(const expected<T>& answer, errc code) {
  expect(answer.error().code == code, "a refusal has another code");
  expect(!answer.error().message.empty(), "a refusal says nothing");
}

expected<std::vector<bytes>> assemble(input_bytes input, std::size_t step,
                                      const frame_limits& limits) {
  frame_assembler assembler{limits};
  std::vector<bytes> whole;
  while (!input.empty()) {
    const auto piece = input.first(std::min(step, input.size()));
    input = input.subspan(piece.size());
    auto more = assembler.feed(piece);
    if (!more) {
      const auto again = assembler.feed(piece);
      expect(!again && again.error() == more.error(),
             "a broken stream goes on");
      return more;
    }
    for (auto& one : *more)
      whole.push_back(std::move(one));
  }
  return whole;
}

void check_frames(input_bytes input) {
  // Small limits, so that a fuzzer reaches them.
  for (const auto& limits : {frame_limits{}, frame_limits{16, 64}}) {
    const auto at_once
      = assemble(input, std::max<std::size_t>(input.size(), 1), limits);
    const auto by_bytes = assemble(input, 1, limits);
    expect(at_once.has_value() == by_bytes.has_value(),
           "how a stream is cut decides whether it is right");
    if (!at_once) {
      expect_refusal(at_once, errc::protocol_violation);
      continue;
    }
    expect(*at_once == *by_bytes, "how a stream is cut changes its messages");
    for (const auto& message : *at_once) {
      expect(message.size() <= limits.message, "a message is too large");
      bytes stream;
      const auto frames = split(message, limits).value();
      for (const auto& frame : frames)
        stream.insert(stream.end(), frame.begin(), frame.end());
      expect(assemble(stream, stream.size(), limits).value()
               == std::vector<bytes>{message},
             "a message does not survive its frames");
    }
  }
}

void check_message(input_bytes input) {
  const auto decoded = decode(input);
  if (!decoded)
    expect_refusal(decoded, errc::protocol_violation);
  else
    expect(decode(encode(*decoded).value()) == decoded,
           "a message says something else when it is said again");
}

void check_link(input_bytes input) {
  const auto decoded = decode_link(input);
  if (!decoded)
    expect_refusal(decoded, errc::protocol_violation);
  else
    expect(decode_link(encode(*decoded)) == decoded,
           "a message says something else when it is said again");
}

void check_invitation_text(const std::string& text) {
  const auto parsed = parse_invitation(text);
  if (!parsed)
    expect_refusal(parsed, errc::invalid_argument);
  else
    expect(parse_invitation(to_text(*parsed)) == parsed,
           "an invitation says something else when it is written again");
}

void check_invitation(input_bytes input) {
  const std::string given{input.begin(), input.end()};
  check_invitation_text(given);
  // What is behind the checksum, which no fuzzer guesses.
  check_invitation_text(sealed_text(given));
}

void check_command(input_bytes input) {
  const auto parsed
    = cli::parse_distant_command(std::string{input.begin(), input.end()});
  if (!parsed)
    expect_refusal(parsed, errc::invalid_argument);
  else
    expect(cli::parse_distant_command(cli::to_text(*parsed)) == parsed,
           "a command says something else when it is written again");
}

void check_announcement(input_bytes input) {
  const auto decoded = decode_announcement(input);
  if (!decoded)
    expect_refusal(decoded, errc::protocol_violation);
  else
    expect(decode_announcement(encode(*decoded)) == decoded,
           "an announcement says something else when it is said again");
}

constexpr std::array<decoder, 6> all{{{"frames", check_frames},
                                      {"message", check_message},
                                      {"link", check_link},
                                      {"invitation", check_invitation},
                                      {"command", check_command},
                                      {"announcement", check_announcement}}};

} // namespace

std::span<const decoder> decoders() {
  return all;
}

const decoder* find_decoder(std::string_view name) {
  const auto found = std::find_if(
    all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

} // namespace lockstep
