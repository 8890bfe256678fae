#pragma once

#include "config/settings.hpp"
#include "messages/errors.hpp"
#include "messages/library_requests.hpp"
#include "persistence/capture.hpp"
#include "persistence/pending_queue.hpp"
#include "persistence/record_index.hpp"
#include "persistence/row_writer.hpp"
#include "persistence/statement_cache.hpp"
#include "persistence/sync_log_store.hpp"
#include "persistence/tracked_tables.hpp"
#include "persistence/trigger_reach.hpp"
#include "protocol/log_draft.hpp"

#include <SQLiteCpp/Database.h>

#include <concepts>
#include <filesystem>
#include <memory>
#include <vector>

namespace lockstep {

/// What must be on the disk when a transaction on database.db ends.
enum class durability {
  with_log,  ///< The log holds it; a lost commit is replayed from there.
  by_itself, ///< The commit itself is fsynced (synchronous=FULL).
};

/// database.db of one library: the application's tables with Lockstep's beside
/// them, and a reading eye on the log. Its parts throw SQLite::Exception; the
/// classes that stand on it (library_writer, library_sequencer,
/// library_applier) catch at their edge through `attempt`. Belongs to one
/// actor.
class library_store {
public:
  /// Opens or creates database.db; sync.db must be there. Errors as of
  /// open_sqlite and migrate; `corrupt` for a log that ends before what the
  /// tables show, unless that `may_be_short`.
  static expected<std::unique_ptr<library_store>>
  open(const std::filesystem::path& database,
       const std::filesystem::path& sync_log, device_id own,
       library_settings limits, bool may_be_short = false);

  library_store(const library_store&) = delete;
  library_store& operator=(const library_store&) = delete;

  /// Runs `action`, which returns an expected, and turns what it throws into a
  /// failure.
  template <std::invocable F>
  auto attempt(F action) const -> decltype(action());

  /// One write transaction. Foreign keys are checked at its end. While
  /// `applying`, at its end at the latest no more, the triggers stay silent.
  expected<void> begin(durability needed);
  expected<void> commit();
  void rollback() noexcept;
  /// Has what was committed so far on the disk. Outside a transaction.
  expected<void> flush();
  /// Whether a power cut may take something that the log does not bring back.
  [[nodiscard]] bool may_be_lost() const {
    return may_be_lost_;
  }
  /// Throws outside a transaction: nobody would take it back.
  void set_applying(bool on);
  [[nodiscard]] bool is_applying() const {
    return applying_ && in_transaction();
  }

  /// False also after a statement that ended the transaction by itself, as a
  /// full disk or a host's INSERT OR ROLLBACK does.
  [[nodiscard]] bool in_transaction() const;

  /// Whether the open transaction, or the last one, changed something that the
  /// log does not bring back: other tables, excluded columns, the schema, or
  /// operations that wait for their place in it.
  bool beside_log = false;

  /// Throws where the transaction has ended by itself: whatever is written then
  /// would stand alone, and stay.
  void expect_transaction() const;

  /// Whether the open transaction breaks a foreign key as it stands.
  [[nodiscard]] bool breaks_foreign_key() const;

  sequence_number applied();
  /// Throws outside a transaction: it must go together with what it speaks of.
  void set_applied(sequence_number through);

  /// Whether all of the log was given back and it is not here again yet, or it
  /// is of an older copy (older_copy.hpp). What was given back of members is
  /// pending meanwhile. Setting throws outside a transaction.
  bool is_fetching_anew();
  void set_fetching_anew(bool on);

  /// The next number for an operation of this device: after all that the log
  /// and the pending queue hold, and those that may have been forgotten.
  device_sequence_number next_device_sequence();

  /// The last of those; see forgotten_numbers.hpp. Setting throws outside a
  /// transaction.
  [[nodiscard]] device_sequence_number numbers_above() const {
    return numbers_above_;
  }
  void set_numbers_above(device_sequence_number last);

  /// Entries that this device, as leader, is about to append: until the
  /// transaction ends they count as the log's.
  void set_draft(const log_draft* draft) {
    draft_ = draft;
  }

  /// An entry of the log, or of the draft.
  expected<std::optional<entry>> entry_at(sequence_number at);

  /// Makes a record's row what its newest entry says. Throws.
  void show_canonical(std::string_view model, record_id record);

  /// Makes a record's row what this image says; nothing for models without a
  /// table. While applying, triggers of the application's may do more than
  /// that; what they did is noted then, and whoever ends applying calls
  /// undo_triggers before. Throws.
  void show(std::string_view model, record_id record, change_type change,
            const std::string& image, standing whose);
  /// The same for an image that is parsed already.
  void show_image(std::string_view model, record_id record, change_type change,
                  nlohmann::json image, standing whose);

  /// Brings what is known of the tables up to date with database.db's schema,
  /// which any program may have changed. In a transaction, before changes are
  /// captured or applied. Throws.
  void follow_schema();

  /// Fills columns that the tables got meanwhile with what the log has had for
  /// them all along. Once what was written meanwhile is captured. Throws.
  void fill_new_columns();

  expected<std::vector<member>> members();
  expected<sql_rows> query(const sql_statement& statement);
  expected<library_digest> digest();

  /// Reads the exactly-once filter anew from the log.
  expected<void> load_accepted();

  std::filesystem::path file;
  device_id own;
  library_settings limits;
  std::unique_ptr<SQLite::Database> database;
  statement_cache statements;
  tracked_tables tables;
  record_index index;
  pending_queue pending;
  pending_queue proposed;
  row_keys keys;
  row_writer rows;
  lockstep::capture changes;
  trigger_reach reach;
  sync_log_reader log;
  accepted_set accepted;

  /// What the statement that is being prepared may do.
  enum class access { own, own_with_triggers, host_reads, host_writes };

  /// A host's statement with its parameters, one for each place. It may not
  /// touch transactions, settings, other files or Lockstep's own tables:
  /// `invalid_argument`.
  expected<std::unique_ptr<SQLite::Statement>>
  prepare(const sql_statement& statement, access allowed);

  [[nodiscard]] access allowed() const {
    return allowed_;
  }

  /// Whether rows that Lockstep writes set off all that the application's own
  /// triggers do, as a host's change does. Else they leave tracked tables
  /// alone: what they did there where the change was made comes by the log.
  void set_triggers(bool on);

  /// Whether any trigger acts at all. Prepared statements are prepared anew, so
  /// not for single rows.
  void allow_triggers(bool on);

private:
  library_store(std::filesystem::path file, device_id own,
                library_settings limits,
                std::unique_ptr<SQLite::Database> database,
                sync_log_reader log);

  friend class savepoint;

  access allowed_ = access::own;
  /// What the open transaction has set it to; committed it is never.
  bool applying_ = false;
  /// The durability that the database connection is set to.
  std::optional<durability> durability_;
  const log_draft* draft_ = nullptr;
  /// Whether the open transaction need not be on the disk once it is committed.
  bool goes_with_log_ = false;
  bool may_be_lost_ = false;
  device_sequence_number numbers_above_;
  /// By table: columns that are still to be filled.
  std::vector<std::pair<std::int64_t, std::vector<std::string>>> new_columns_;
};

/// What an exception that is in flight says; call only in a catch block.
failure current_failure(const std::filesystem::path& file);

template <std::invocable F>
auto library_store::attempt(F action) const -> decltype(action()) {
  try {
    return action();
  } catch (...) {
    return tl::make_unexpected(current_failure(file));
  }
}

/// A nested transaction: undone unless released.
class savepoint {
public:
  /// Throws outside a transaction, where releasing it would commit.
  explicit savepoint(library_store& store);
  savepoint(const savepoint&) = delete;
  savepoint& operator=(const savepoint&) = delete;
  ~savepoint();

  void release();

private:
  library_store& store_;
  bool applying_before_;
  bool open_ = true;
};

} // namespace lockstep
