#include "messages/operation.hpp"

namespace lockstep {

std::string_view to_string(change_type change) {
  switch (change) {
    case change_type::insert:
      return "insert";
    case change_type::update:
      return "update";
    case change_type::remove:
      return "delete";
    case change_type::bulk:
      return "bulk";
  }
  return "unknown";
}

std::optional<change_type> parse_change_type(std::string_view text) {
  for (auto change : {change_type::insert, change_type::update,
                      change_type::remove, change_type::bulk})
    if (to_string(change) == text)
      return change;
  return std::nullopt;
}

} // namespace lockstep
