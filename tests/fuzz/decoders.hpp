#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// What takes bytes from outside, each as one function of any bytes. It returns
/// when all is well, and throws `std::logic_error` when what the decoder said
/// of the bytes cannot be right; that it crashes, hangs or takes too much
/// memory is for others to see.
namespace lockstep {

struct decoder {
  /// Names its folder of the corpus, and its fuzz target.
  std::string_view name;
  void (*check)(std::span<const std::uint8_t> input);
};

/// All of them.
std::span<const decoder> decoders();

/// Null for a name that none has.
const decoder* find_decoder(std::string_view name);

} // namespace lockstep
