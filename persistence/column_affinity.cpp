#include "persistence/column_affinity.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <string>

namespace lockstep {

column_affinity affinity_of(std::string_view declared_type) {
  std::string type{declared_type};
  std::ranges::transform(type, type.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  auto names_any_of = [&](std::initializer_list<const char*> list) {
    return std::ranges::any_of(list, [&](const char* one) {
      return type.find(one) != std::string::npos;
    });
  };
  // The order is SQLite's: a CHARINT holds integers.
  if (names_any_of({"INT"}))
    return column_affinity::integer;
  if (names_any_of({"CHAR", "CLOB", "TEXT"}))
    return column_affinity::text;
  if (type.empty() || names_any_of({"BLOB"}))
    return column_affinity::blob;
  if (names_any_of({"REAL", "FLOA", "DOUB"}))
    return column_affinity::real;
  return column_affinity::numeric;
}

bool is_kept_as_it_is(const nlohmann::json& value, column_affinity affinity) {
  using enum column_affinity;
  if (value.is_null())
    return true;
  // A boolean is stored as a number, an object or array as text.
  if (const auto* content = value.get_ptr<const std::string*>())
    return (affinity == text || affinity == blob)
           && content->find('\0') == std::string::npos;
  if (value.is_number_integer())
    return affinity == integer || affinity == numeric || affinity == blob;
  // A whole number in a REAL column is stored as an integer, which has no -0.
  if (const auto* number = value.get_ptr<const double*>())
    return (affinity == real || affinity == blob)
           && !(*number == 0 && std::signbit(*number));
  return false;
}

} // namespace lockstep
