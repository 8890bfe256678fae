#pragma once

#include "messages/ballot.hpp"
#include "messages/clock.hpp"
#include "messages/ids.hpp"
#include "messages/numbers.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

enum class change_type : std::uint8_t {
  insert = 1,
  update = 2,
  remove = 3, ///< Written "delete" outside C++.
  bulk = 4,   ///< One entry that stands for many rows; see `bulk_model`.
};

/// "insert", "update", "delete" or "bulk".
std::string_view to_string(change_type change);
std::optional<change_type> parse_change_type(std::string_view text);

/// Models of Lockstep's own; the prefix is reserved.
inline constexpr std::string_view own_model_prefix = "lockstep.";
inline constexpr std::string_view member_model = "lockstep.member";
inline constexpr std::string_view conflict_model = "lockstep.conflict";
inline constexpr std::string_view bulk_model = "bulk_operation";

/// One device's wish to change one record.
struct operation {
  device_id device;
  lockstep::device_sequence_number device_sequence;
  lockstep::timestamp timestamp;
  std::string model;
  record_id record;
  change_type change = change_type::insert;
  /// The version of the record that the writer saw; none for a new record.
  version_number base_version;
  /// The writer's own operation on this record that was still on its way when
  /// this one was made; none when the writer saw a canonical version.
  lockstep::device_sequence_number base_operation;
  /// Names of the columns that an update changed; empty when not known.
  std::vector<std::string> changed;
  /// The writer's operation that closes the transaction this one belongs to.
  lockstep::device_sequence_number transaction_end;
  /// Full image as a JSON object; empty for a delete.
  std::string data;

  bool operator==(const operation&) const = default;
};

/// An operation with its place in the log.
struct entry {
  sequence_number sequence;
  lockstep::ballot ballot;
  device_id device;
  lockstep::device_sequence_number device_sequence;
  lockstep::timestamp timestamp;
  std::string model;
  record_id record;
  change_type change = change_type::insert;
  version_number version;
  /// The record's entry before this one; none for its first.
  sequence_number previous;
  /// The entry that closes the transaction this one belongs to.
  sequence_number transaction_end;
  /// Digest of the log up to and including this entry; see protocol/chain.hpp.
  std::uint64_t chain = 0;
  /// Full image as a JSON object; empty for a delete.
  std::string data;

  bool operator==(const entry&) const = default;

  [[nodiscard]] log_position position() const {
    return {ballot, sequence};
  }
};

/// Where a log ends: what the next entry must follow on.
struct log_head {
  log_position position;
  std::uint64_t chain = 0;

  bool operator==(const log_head&) const = default;
};

} // namespace lockstep
