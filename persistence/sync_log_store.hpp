#pragma once

#include "config/log_settings.hpp"
#include "messages/errors.hpp"
#include "messages/leadership.hpp"
#include "messages/log_requests.hpp"
#include "messages/operation.hpp"
#include "protocol/accepted_set.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// Names an operation: who made it, and which of that device's it is.
struct operation_name {
  device_id device;
  lockstep::device_sequence_number device_sequence;

  bool operator==(const operation_name&) const = default;
};

/// Reads a library's sync.db. Several readers may stand beside the one writer;
/// each call sees the log as of its last commit. One reader belongs to one
/// actor.
class sync_log_reader {
public:
  /// Opens an existing sync.db for reading only.
  static expected<sync_log_reader> open(const std::filesystem::path& file);

  sync_log_reader(sync_log_reader&&) noexcept;
  sync_log_reader& operator=(sync_log_reader&&) noexcept;
  virtual ~sync_log_reader();

  /// The log's end; all zero for an empty log.
  expected<log_head> head() const;

  /// Position and chain value at `at`; nothing when the log does not hold that
  /// entry. `at` 0 is the empty position before the first entry.
  expected<std::optional<log_head>> head_at(sequence_number at) const;

  /// The last entry at or before `at` whose ballot is not above `ballot`; the
  /// empty position when there is none.
  expected<log_position> last_at_or_before(log_position at) const;

  expected<std::optional<entry>> at(sequence_number at) const;

  /// Whose operation the entry before this one of the same record was, where
  /// that one was vacuumed here; nothing where nobody knows.
  expected<std::optional<operation_name>>
  vacuumed_base(sequence_number at) const;

  /// When an operation was made, as far as its entry is in the log. Reads all
  /// of it.
  expected<std::optional<timestamp>>
  made_at(device_id device, device_sequence_number number) const;

  /// Up to `limit` entries after `since`, in order. Stops early, but not before
  /// the first entry, when the images pass `byte_limit`.
  expected<std::vector<entry>>
  fetch_since(sequence_number since, std::uint32_t limit,
              std::size_t byte_limit = std::size_t{16} << 20) const;

  /// Entries from `first` to `last`, both included, at most `limit`.
  expected<std::vector<entry>> fetch_range(sequence_number first,
                                           sequence_number last,
                                           std::uint32_t limit) const;

  expected<sequence_number> latest_sequence() const;

  /// How many entries the log holds.
  expected<std::uint64_t> count() const;

  /// One record's entries, oldest first, walked back through `previous` from
  /// `latest`, the record's newest entry.
  expected<std::vector<entry>> record_history(sequence_number latest) const;

  /// The same for a caller that does not know the newest entry: reads the log
  /// backwards until it finds it, which takes time with the log's length.
  expected<std::vector<entry>> record_history(std::string_view model,
                                              record_id record) const;

  expected<std::vector<accepted_range>> accepted() const;
  expected<leadership_record> leadership() const;
  expected<std::vector<member_progress>> progress() const;

  /// When the file was made that this was, as its owner noted; nothing where
  /// that was not done yet.
  expected<std::optional<std::uint64_t>> noted_birth() const;

  /// Everything up to here may have been vacuumed.
  expected<sequence_number> vacuumed_through() const;

  /// Deletions that the log held once and holds no more.
  expected<forgotten_deletions> forgotten() const;

  /// Where the file was moved, deleted or replaced since it was opened: why
  /// nothing more is written to it.
  std::optional<failure> gone() const;

  /// What SQLite finds wrong with the file, and what is with the dictionaries
  /// of packed images, a line each.
  expected<std::vector<std::string>> damage() const;

  /// The second half of that.
  expected<std::vector<std::string>> damaged_dictionaries() const;

  /// The newest dictionary that is whole; empty where there is none.
  expected<std::string> newest_dictionary() const;

protected:
  struct connection;
  explicit sync_log_reader(std::unique_ptr<connection> opened);
  std::unique_ptr<connection> connection_;
};

/// The only writer of a library's sync.db: an append-only log with the little
/// state that must be as durable as the log. Every call is one transaction with
/// synchronous=FULL: what it returned from is on the disk, in the file of that
/// name (`io` where that is another one by now).
class sync_log_store : public sync_log_reader {
public:
  /// Opens sync.db, creating and migrating as needed. Refuses a file that is no
  /// database or damaged (`corrupt`), of a newer version (`newer_format`), or
  /// unreadable (`io`, `read_only`), and leaves it untouched. `how` says
  /// whether images of new entries are packed.
  static expected<sync_log_store> open(const std::filesystem::path& file,
                                       const log_settings& how = {});

  sync_log_store(sync_log_store&&) noexcept;
  sync_log_store& operator=(sync_log_store&&) noexcept;
  ~sync_log_store() override;

  /// Appends entries that follow on `follows` (`log_conflict` when the log does
  /// not end there, or when sequences or ballots fall, or a chain value does
  /// not fit its predecessor; `stale_ballot` when `under` is older than the
  /// stored ballot or than an entry's) and enters their numbers in
  /// `accepted`. All or nothing. Returns the new head. `under` is the ballot of
  /// the leader that orders the append; it may be newer than the entries'.
  /// `held` are operations that the log then holds, or held where it was
  /// vacuumed before it came here: their numbers are entered, too. Without any,
  /// an empty list is an `invalid_argument`. `source` is what the log has
  /// forgotten that they were fetched from: `vacuumed` where this log may have
  /// what was deleted there (protocol/forgetting.hpp).
  expected<log_head>
  append(ballot under, log_position follows, std::span<const entry> list,
         std::span<const accepted_range> held = {},
         const std::optional<forgotten_deletions>& source = {});

  /// The same for entries that come in pieces; one transaction for all.
  expected<log_head> append(ballot under, log_position follows,
                            entry_source& source);

  /// Removes every entry after `keep` and their numbers from `accepted`.
  /// What was vacuumed after it counts as vacuumed no more. Returns the new
  /// head.
  expected<log_head> truncate_after(sequence_number keep);

  /// Enters numbers in `accepted` whose entries are not in the log any more.
  expected<void> accept(std::span<const accepted_range> ranges);

  /// Packs images of new entries with the dictionary of another log, whatever
  /// it was opened with.
  expected<void> adopt_dictionary(std::string_view bytes);

  expected<void> store_leadership(const leadership_record& record);

  /// This log is the beginning of one that had forgotten these.
  expected<void> note_forgotten(const forgotten_deletions& what);

  expected<void> note_birth(std::uint64_t birth);

  /// Sets these members' progress; that of others stays.
  expected<void> store_progress(std::span<const member_progress> members);

private:
  friend class sync_log_vacuum;
  class appending;

  explicit sync_log_store(std::unique_ptr<connection> opened);
};

} // namespace lockstep
