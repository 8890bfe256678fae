#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace lockstep {

/// Everything that can be refused or fail. 0 is "no error"; values are stable.
enum class errc : std::uint8_t {
  none = 0,
  /// The arguments make no sense; nothing was changed.
  invalid_argument = 1,
  /// No such library, device, table, record or file.
  not_found = 2,
  /// It exists already.
  already_exists = 3,
  /// Only the leader may do this; the message names the leader and the end of
  /// its lease.
  not_leader = 4,
  /// The message came under an older ballot than the one known here.
  stale_ballot = 5,
  /// The entries do not follow on the log's end.
  log_conflict = 6,
  /// The request asks for a part of the log that was vacuumed.
  vacuumed = 7,
  /// A constraint of the application's schema would break.
  constraint = 8,
  /// The file is no database, or damaged.
  corrupt = 9,
  /// The file was written by a newer version of Lockstep; it was left as it is.
  newer_format = 10,
  /// The disk is full.
  disk_full = 11,
  /// The disk or file cannot be written.
  read_only = 12,
  /// Reading or writing failed.
  io = 13,
  /// Another process uses this data directory.
  locked = 14,
  /// Too much is waiting; try again later.
  busy = 15,
  /// The device is no member of the library.
  not_member = 16,
  /// It is shutting down, or closed.
  closed = 17,
  /// It was cancelled.
  cancelled = 18,
  /// No answer in time.
  timed_out = 19,
  /// Bytes from a peer that break the protocol.
  protocol_violation = 20,
  /// A limit of config/ would be passed.
  too_large = 21,
  /// A fault in Lockstep itself.
  internal = 22,
  /// The library's first sync has not finished: it cannot be read yet.
  incomplete = 23,
};

std::string_view to_string(errc code);

/// What went wrong: a code for programs and one sentence for people that says
/// what happened and what to do.
struct failure {
  errc code = errc::internal;
  std::string message;

  bool operator==(const failure&) const = default;
};

/// A value, or why there is none.
template <class T> using expected = tl::expected<T, failure>;

inline tl::unexpected<failure> fail(errc code, std::string message) {
  return tl::make_unexpected(failure{code, std::move(message)});
}

} // namespace lockstep
