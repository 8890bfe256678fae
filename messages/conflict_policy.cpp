#include "messages/conflict_policy.hpp"

#include <array>
#include <utility>

namespace lockstep {

namespace {

constexpr std::array names{
  std::pair{conflict_policy::last_writer_wins,
            std::string_view{"last_writer_wins"}},
  std::pair{conflict_policy::first_writer_wins,
            std::string_view{"first_writer_wins"}},
  std::pair{conflict_policy::field_merge, std::string_view{"field_merge"}},
  std::pair{conflict_policy::union_merge, std::string_view{"union"}},
  std::pair{conflict_policy::host, std::string_view{"host"}},
};

} // namespace

std::string_view to_string(conflict_policy policy) {
  for (const auto& [value, name] : names)
    if (value == policy)
      return name;
  return "unknown";
}

std::optional<conflict_policy> parse_conflict_policy(std::string_view text) {
  for (const auto& [value, name] : names)
    if (name == text)
      return value;
  return std::nullopt;
}

} // namespace lockstep
