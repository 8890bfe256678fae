#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lockstep {

/// What a model does with changes that two devices made of one record without
/// knowing of each other. A delete beats them whatever the policy.
enum class conflict_policy : std::uint8_t {
  last_writer_wins,
  /// What has its place in the log first stays.
  first_writer_wins,
  /// Columns that only one of the two changed are merged; of a column that both
  /// changed, the last writer's value stays.
  field_merge,
  /// As field_merge, and arrays that both changed are merged too: what either
  /// added is there, what either removed is not.
  union_merge,
  /// As the function says that the host of the leading device has for the
  /// model; as last_writer_wins where it has none.
  host,
};

/// "last_writer_wins", "first_writer_wins", "field_merge", "union" or "host".
std::string_view to_string(conflict_policy policy);
std::optional<conflict_policy> parse_conflict_policy(std::string_view text);

} // namespace lockstep
