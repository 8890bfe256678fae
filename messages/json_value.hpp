#pragma once

#include <nlohmann/json.hpp>

namespace lockstep {

/// As SQLite tells values apart: 1 is not 1.0.
inline bool is_same_value(const nlohmann::json& a, const nlohmann::json& b) {
  return a == b && a.is_number_float() == b.is_number_float();
}

} // namespace lockstep
