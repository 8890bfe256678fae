#pragma once

#include "messages/accepted_range.hpp"
#include "messages/clock.hpp"
#include "messages/forgotten_deletions.hpp"
#include "messages/leadership.hpp"
#include "messages/operation.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

/// What the sync-log writer actor is asked, and its answers; see
/// actors/sync_log.hpp.
namespace lockstep {

/// "Done"; the answer where there is nothing to tell.
struct done {};

struct append_entries {
  /// The ballot of the leader that orders the append.
  ballot under;
  log_position follows;
  std::shared_ptr<const std::vector<entry>> list;
  /// Operations that the log then holds, or held before it was vacuumed
  /// elsewhere. With any, `list` may be empty.
  std::vector<accepted_range> accepted = {};
  /// What the log has forgotten that they were fetched from. Nothing: they are
  /// of the leader's own hand, or what it wrote just now.
  std::optional<forgotten_deletions> forgotten = {};
};

/// Entries that may be too many for one message. Whoever it is handed to asks,
/// until the end; nobody else touches it meanwhile.
class entry_source {
public:
  entry_source() = default;
  entry_source(const entry_source&) = delete;
  entry_source& operator=(const entry_source&) = delete;
  virtual ~entry_source() = default;

  /// The next entries, in order; none at the end. Throws what its storage
  /// throws.
  virtual std::vector<entry> next_piece() = 0;
};

/// The same as `append_entries`, all or nothing, for any number of entries.
struct append_draft {
  ballot under;
  log_position follows;
  std::shared_ptr<entry_source> source;
};

struct fetch_since {
  sequence_number since;
  std::optional<std::uint32_t> limit;
};

struct fetch_range {
  sequence_number first;
  sequence_number last;
};

struct entry_list {
  std::vector<entry> list;
};

/// A peer asks for entries after `since`.
struct serve_entries {
  log_position since;
  std::uint32_t limit = 0;
  /// As in messages/peer_messages.hpp.
  bool wants_accepted = false;
};

struct served_entries {
  /// Whether this log holds `since`; if not, `list` is empty.
  bool matches = false;
  std::vector<entry> list;
  log_position head;
  /// Where the asker may match, when it does not at `since`.
  log_position try_at;
  sequence_number vacuumed_through;
  /// As in messages/peer_messages.hpp.
  std::vector<accepted_range> accepted = {};
  forgotten_deletions forgotten = {};
};

/// Where this log may match another one: its last position at or before
/// `try_at.sequence` whose ballot is not above `try_at.ballot`.
struct find_match {
  log_position try_at;
};

struct latest_sequence {};
struct count_entries {};

struct record_history {
  std::string model;
  record_id record;
  /// The record's newest entry, where known; else it is searched for.
  sequence_number latest;
};

struct vacuum_old_entries {
  timestamp before;
  /// Nothing after this is touched: what every member has acknowledged that is
  /// not silent for too long.
  sequence_number through;
  /// Deletions up to here may be forgotten: what every member has acknowledged.
  sequence_number forget_through = {};
  /// Keeps what goes in the folder `archive` beside the log.
  bool archive = false;
  /// Nobody waits for it: rests between its steps.
  bool in_background = false;
};

struct vacuum_result {
  std::uint64_t removed = 0;
  /// Of those, deletions that are forgotten.
  std::uint64_t forgotten = 0;
  std::uint64_t archived = 0;
  /// What the log takes of its file; what it leaves free it fills again.
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  /// Of the entries that only wait to be old enough, or for their successor to
  /// be, the time of the oldest; none where there are none.
  std::optional<timestamp> oldest_young = {};
};

/// A sync log to itself: the next step of its vacuum.
struct vacuum_turn {
  std::uint64_t vacuum = 0;
};

struct truncate_after {
  sequence_number keep;
};

struct read_head {};

struct store_leadership {
  leadership_record record;
};

struct read_leadership {};

/// How far one member is, as last heard. A device's own row says when it was
/// last known to run.
struct member_progress {
  device_id device;
  sequence_number acknowledged;
  wall_time last_contact{};

  bool operator==(const member_progress&) const = default;
};

struct store_progress {
  std::vector<member_progress> members;
};

struct read_progress {};

struct progress_list {
  std::vector<member_progress> members;
};

struct close_log {};

} // namespace lockstep
