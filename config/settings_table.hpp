#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace lockstep {

/// One setting: its name, its place, its type and its range. Durations are
/// counted in nanoseconds, and of words it is told which one it is.
struct setting_row {
  std::string_view key;
  bool is_duration;
  std::int64_t least;
  std::int64_t most;
  std::int64_t (*load)(const settings&);
  /// The value is in range.
  void (*store)(settings&, std::int64_t);
  /// The words that can be chosen; none where it is a number.
  std::span<const std::string_view> words;
};

/// Two settings of which one must not pass the other.
struct setting_order {
  const setting_row& smaller;
  const setting_row& larger;
  bool may_be_equal;
};

/// Every setting, in the order of config/settings.hpp.
std::span<const setting_row> settings_table();

std::span<const setting_order> settings_orders();

} // namespace lockstep
