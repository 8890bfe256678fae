#include "messages/library_requests.hpp"

namespace lockstep {

std::string_view to_string(key_kind kind) {
  switch (kind) {
    case key_kind::uuid:
      return "uuid";
    case key_kind::natural:
      return "natural";
    case key_kind::integer:
      return "integer";
  }
  return "unknown";
}

std::optional<key_kind> parse_key_kind(std::string_view text) {
  for (auto kind : {key_kind::uuid, key_kind::natural, key_kind::integer})
    if (to_string(kind) == text)
      return kind;
  return std::nullopt;
}

} // namespace lockstep
