#pragma once

#include "apps/embedded/node.hpp"
#include "messages/syncable.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a process that will be killed and the one that kills it both know: what
/// is written, and how an acknowledgement is told.
namespace lockstep {

/// A record that is written again and again, each time with a higher value.
struct counter {
  record_id uuid;
  std::int64_t value = 0;
  std::string note;
  version_number version;
};
LOCKSTEP_FIELDS(counter, uuid, value, note)

/// Records that are always changed together, so that they have equal values
/// whenever a transaction ends. Which ones belong together is in their ids.
struct record_group {
  /// 'a' or 'b': only this device writes it. 's': both do.
  std::uint8_t owner = 0;
  std::uint8_t writer = 0;
  std::uint8_t number = 0;
  std::uint8_t size = 1;

  auto operator<=>(const record_group&) const = default;

  [[nodiscard]] record_id at(std::uint8_t place) const {
    return {{owner, writer, number, size, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0,
             place}};
  }
  [[nodiscard]] static record_group of(const record_id& record) {
    return {record.bytes[0], record.bytes[1], record.bytes[2], record.bytes[3]};
  }
  [[nodiscard]] bool is_shared() const {
    return owner == 's';
  }
};

/// One record of a commit that was acknowledged.
struct acknowledged {
  device_id device;
  /// The commit's operations, both included.
  device_sequence_number first;
  device_sequence_number last;
  record_id record;
  std::int64_t value = 0; ///< 0: it was deleted.
};

inline constexpr auto crash_library = "crash";
/// Lines that a child writes, beside the acknowledgements.
inline constexpr std::string_view ready_line = "ready";
inline constexpr std::string_view indexed_line = "indexed";
inline constexpr std::string_view failed_word = "failed ";

/// With its end of line.
std::string to_line(const acknowledged& what);
/// Without its end of line.
std::optional<acknowledged> parse_acknowledged(std::string_view line);

/// Times so short that a device which is opened again soon leads.
node_options crash_options(const std::filesystem::path& directory);

/// The library that all of this writes to, made the first time.
expected<library> open_crash_library(node& device);
/// The same on a second device, which is let in the first time.
expected<library> open_crash_library(node& device, node& leader,
                                     const library& shared);

} // namespace lockstep

LOCKSTEP_SYNCABLE(lockstep::counter, "counter", uuid, version, R"sql(
  CREATE TABLE IF NOT EXISTS counter (
    uuid TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL,
    note TEXT NOT NULL))sql")
