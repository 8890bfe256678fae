#pragma once

#include "messages/accepted_range.hpp"
#include "messages/conflict_policy.hpp"
#include "messages/errors.hpp"
#include "messages/first_sync.hpp"
#include "messages/forgotten_deletions.hpp"
#include "messages/leadership.hpp"
#include "messages/operation.hpp"
#include "messages/receipt.hpp"
#include "messages/vacuum_bounds.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the library actor is asked, and its answers; see actors/library.hpp.
namespace lockstep {

/// A value of SQLite: NULL, INTEGER, REAL, TEXT or BLOB.
using sql_value = std::variant<std::nullptr_t, std::int64_t, double,
                               std::string, std::vector<std::uint8_t>>;

/// A record as its host wants it to be. `data` is the image as a JSON object;
/// ignored for a delete. `change` insert and update both mean: this is its
/// state now.
struct record_change {
  std::string model;
  record_id record;
  change_type change = change_type::insert;
  std::string data;
};

/// One SQL statement with its parameters, run on database.db.
struct sql_statement {
  std::string text;
  std::vector<sql_value> parameters;
};

using transaction_step = std::variant<record_change, sql_statement>;

/// One transaction: all steps or none. Anybody, on any device, at any time.
struct commit_transaction {
  std::vector<transaction_step> steps;
  /// When to answer.
  receipt_state wait_for = receipt_state::local;
};

/// Low-level form for hosts that wrote the row themselves: entries for models
/// without a table. Only the leader; else `not_leader`.
struct log_changes {
  std::vector<record_change> list;
};

/// How far an earlier commit is now.
struct receipt_query {
  device_sequence_number first;
  device_sequence_number last;
};

/// Replication to library, on the leader: operations of `from`, in order, whole
/// transactions or a piece of one. `follows` as in pending_batch.
struct sequence_operations {
  device_id from;
  ballot under;
  std::shared_ptr<const std::vector<operation>> list;
  device_sequence_number follows;
  /// As in pending_batch, on `from`.
  std::vector<std::string> tables = {};
};

/// All of the device's operations up to here are in the log.
struct operations_sequenced {
  device_sequence_number through;
};

/// Replication to library, on a follower: entries that follow on `follows`.
struct apply_entries {
  ballot under;
  log_position follows;
  std::shared_ptr<const std::vector<entry>> list;
  /// As in append_entries: of those, none is pending any more.
  std::vector<accepted_range> accepted = {};
  std::optional<forgotten_deletions> forgotten = {};
};

/// Replication to library: this log left the leader's after `keep`; own entries
/// after it become proposals again and the log is cut.
struct yield_log {
  ballot under;
  sequence_number keep;
};

/// Operations of this device that wait for their place in the log, after one of
/// them, in order: whole transactions, or a piece of one that is too large.
struct fetch_pending {
  device_sequence_number after;
  std::uint32_t limit = 0;
};

struct pending_batch {
  std::vector<operation> list;
  /// Where this device's first one in it goes on with a transaction whose
  /// beginning was too large for one batch: the number of the one before it.
  device_sequence_number follows;
  /// The models in the list that are tables here.
  std::vector<std::string> tables = {};
};

/// Removes from the log what is older than `before`, that later entries
/// supersede and that every member holds.
struct vacuum_library {
  timestamp before;
  bool archive = false;
};

/// Leadership to all actors of the library.
struct role_changed {
  leadership_view now;
};

/// Library to replication: the log has grown. `list` may be empty when the
/// entries are many.
struct log_advanced {
  log_position follows;
  log_head head;
  std::shared_ptr<const std::vector<entry>> list;
};

/// Library to replication: there are operations to propose, up to here.
struct pending_advanced {
  device_sequence_number last;
};

/// Replication to library: what the leader says that the library's time is.
struct leader_time {
  wall_time now{};
  /// What this device's clocks showed when that was heard: the library may have
  /// been busy since.
  wall_time heard_wall{};
  std::chrono::milliseconds heard_uptime{};
  /// The first word of a session, or of a leader: it has not waited long.
  bool is_first = false;
};

/// Library to leadership and replication: how far the library's time is ahead
/// of this device's wall clock.
struct clock_corrected {
  std::chrono::milliseconds by{};
};

/// Replication to library: every member holds the log up to `stable`.
struct stable_advanced {
  sequence_number stable;
};

/// Replication to library and leadership: a majority of the members holds the
/// log up to `through`, and no other leader will order it otherwise. Only where
/// leaders need a majority.
struct majority_advanced {
  sequence_number through;
};

/// Replication to library and leadership.
struct vacuum_bound_moved {
  vacuum_bounds now;
};

/// A library to itself: it may be time to vacuum its log.
struct vacuum_look {};

/// A member of the library, from its latest entry of model `lockstep.member`.
struct member {
  device_id device;
  std::string name;
  bool removed = false;
  /// No entry of the log names it, but what was given back of the log does.
  bool given_back = false;

  bool operator==(const member&) const = default;
};

struct read_members {};

struct members_changed {
  std::vector<member> members;
  /// The newest entry that says so, 0 where the log names nobody. Nothing where
  /// entries that are in the log and not yet in the tables may say otherwise.
  std::optional<sequence_number> at = sequence_number{};
  /// This device's log is of an older copy: it may lack what others were told
  /// that it holds.
  bool is_of_older_copy = false;
};

/// Makes a device a member, or ends its membership.
struct change_member {
  lockstep::member member;
};

/// Reads rows; anything but one reading statement is refused.
struct sql_query {
  sql_statement statement;
};

struct sql_rows {
  std::vector<std::string> columns;
  std::vector<std::vector<sql_value>> rows;
};

/// A record as it stands on this device.
struct read_record {
  std::string model;
  record_id record;
};

/// Records of a model with a table, in the order of their ids, after one of
/// them; 1,000 at most.
struct read_records {
  std::string model;
  record_id after;
  std::uint32_t limit = 100;
};

struct record_image {
  record_id record;
  /// As the log has it; none while the record is new and pending.
  version_number version;
  /// Whether this device has operations on it that are not in the log yet.
  bool pending = false;
  std::string data;
};

struct record_list {
  std::vector<record_image> list;
};

/// Starts syncing a table of database.db.
struct track_table {
  std::string table;
  /// Model name; the table's name when empty.
  std::string model;
  std::vector<std::string> excluded;
  /// What becomes of concurrent changes, on all devices; nothing: what the
  /// library has for the model, at first that the last writer wins.
  std::optional<conflict_policy> policy = std::nullopt;
};

/// How the rows of a table are told apart on all devices.
enum class key_kind : std::uint8_t {
  uuid = 1,    ///< A column of UUIDs: the key is the record id.
  natural = 2, ///< A primary key that means something: text, several columns.
  integer = 3, ///< An INTEGER PRIMARY KEY, or the rowid where there is no key.
};

/// "uuid", "natural" or "integer".
std::string_view to_string(key_kind kind);
std::optional<key_kind> parse_key_kind(std::string_view text);

struct tracked_table {
  std::string table;
  std::string model;
  key_kind key = key_kind::uuid;
  conflict_policy policy = conflict_policy::last_writer_wins;
};

/// Stops syncing a table on this device: its triggers and Lockstep's rows about
/// it go, its own rows stay.
struct untrack_table {
  std::string table;
};

/// What became of it: the table as it was tracked.
struct untracked_table {
  std::string table;
  std::string model;
};

/// All tables of the application, tracked or not.
struct read_tables {};

struct table_list {
  struct table {
    std::string name;
    /// Its model where it is tracked; else empty.
    std::string model;
    /// Why it cannot be tracked; empty where it can be, or is.
    std::string refusal;
  };
  /// Parents come before the tables that refer to them.
  std::vector<table> tables;
};

/// What lost against something else.
struct read_conflicts {
  bool resolved_too = false;
};

struct conflict_list {
  struct conflict {
    /// Of model `lockstep.conflict`: its record is the conflict's id, its image
    /// as in protocol/conflict.hpp.
    entry kept;
    bool resolved = false;
  };
  std::vector<conflict> list;
};

/// What the log says and this device's tables cannot show, since it does not
/// fit into them. It is tried again with everything that is applied.
struct read_set_aside {
  /// Tries first whether it fits by now.
  bool again = false;
};

struct set_aside_list {
  struct item {
    /// A record's newest entry.
    entry what;
    std::string reason;
  };
  std::vector<item> list;
};

/// Settles a conflict: leaves things as they are, or makes the record what the
/// loser's image says. Any device, any time; an ordinary change.
struct resolve_conflict {
  enum class side : std::uint8_t { winner, loser };

  record_id conflict;
  side take = side::winner;
};

/// Removes everything of Lockstep's from database.db and leaves it as the
/// application would have it. The library cannot be used afterwards.
struct detach_database {};

/// File watch to library: something wrote database.db.
struct database_written {};

struct read_status {};

struct library_status {
  library_id library;
  std::string name;
  device_id device;
  leadership_view leadership;
  log_head head;
  sequence_number applied;
  sequence_number stable;
  std::uint64_t pending = 0;
  std::uint64_t conflicts = 0;
  /// Entries that cannot be applied here yet.
  std::uint64_t set_aside = 0;
  /// Whether it is known that nothing waits that another program wrote, save
  /// for a `capture_problem`. Never in simulation, which has no file watch.
  bool captured = false;
  /// Why what another program wrote cannot enter the log; empty when it can.
  std::string capture_problem;
  /// What is wrong with tracked tables that are not there; empty when all are.
  std::string table_problem;
  /// What keeps the tables from following the log; `none` when nothing does.
  failure problem{errc::none, {}};
  /// While the log is still coming for the first time: until then the tables
  /// are not complete.
  std::optional<first_sync_progress> first_sync;
  /// What other members hold of the log is on its way: all of it was given
  /// back, or its files are an older copy. Until then this device does not
  /// lead.
  bool is_fetching_anew = false;
  std::vector<lockstep::member> members;
};

/// A digest over each table's synced rows and over the log, to compare devices.
struct read_digest {};

struct library_digest {
  struct table {
    std::string name;
    std::uint64_t rows = 0;
    std::uint64_t digest = 0;

    bool operator==(const table&) const = default;
  };
  sequence_number sequence;
  std::uint64_t log = 0;
  std::vector<table> tables;

  bool operator==(const library_digest&) const = default;
};

struct close_library {};

} // namespace lockstep
