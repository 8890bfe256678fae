#pragma once

#include "messages/link_messages.hpp"

#include <cstddef>
#include <string>

namespace lockstep {

inline constexpr std::size_t verification_word_count = 3;

/// Three words, with spaces between them, that people compare on two devices:
/// the first three bytes of a digest that only those two can have in common.
std::string verification_words(const digest_bytes& of);

} // namespace lockstep
