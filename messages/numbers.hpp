#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace lockstep {

/// A counter of the kind `Tag`; counters of different kinds do not mix.
/// Zero stands for "none yet".
template <class Tag> struct number_of {
  std::uint64_t value = 0;

  constexpr number_of() = default;
  constexpr explicit number_of(std::uint64_t number) : value(number) {
  }

  auto operator<=>(const number_of&) const = default;

  constexpr explicit operator bool() const {
    return value != 0;
  }
  constexpr number_of operator+(std::uint64_t steps) const {
    return number_of{value + steps};
  }
  /// Stops at zero.
  constexpr number_of operator-(std::uint64_t steps) const {
    return number_of{value > steps ? value - steps : 0};
  }
  constexpr number_of& operator++() {
    ++value;
    return *this;
  }
};

/// Place of an entry in a library's log; the first is 1.
using sequence_number = number_of<struct sequence_tag>;
/// Counts one device's operations in one library; the first is 1, or begins at
/// a time where some may have been forgotten.
using device_sequence_number = number_of<struct device_sequence_tag>;
/// Counts leaderships of a library; the creator's is 1.
using term_number = number_of<struct term_tag>;
/// Counts a record's accepted changes; the first is 1.
using version_number = number_of<struct version_tag>;

template <class Tag> std::string to_string(number_of<Tag> number) {
  return std::to_string(number.value);
}

} // namespace lockstep
