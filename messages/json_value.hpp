#pragma once

#include <nlohmann/json.hpp>

namespace lockstep {

/// As SQLite tells values apart: 1 is not 1.0.
inline bool is_same_value(const nlohmann::json& a, const nlohmann::json& b) {
  return a == b && a.is_number_float() == b.is_number_float();
}

/// Whether two images say the same, as far as both speak of a column: on
/// another version of the schema there are others.
inline bool agree(const nlohmann::json& one, const nlohmann::json& other) {
  if (!one.is_object() || !other.is_object())
    return one == other;
  for (const auto& [column, value] : one.items())
    if (const auto said = other.find(column);
        said != other.end() && *said != value)
      return false;
  return true;
}

} // namespace lockstep
