#pragma once

#include "messages/errors.hpp"
#include "messages/operation.hpp"
#include "persistence/changed_owners.hpp"
#include "persistence/operation_keeper.hpp"
#include "persistence/pending_queue.hpp"
#include "persistence/record_index.hpp"
#include "persistence/row_keys.hpp"
#include "persistence/row_writer.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// Turns what the triggers noted (lockstep_touched) into operations: which
/// record, how it changed since Lockstep last looked, and its image now.
class capture {
public:
  /// The image of an entry, where the log or the open draft holds it.
  using image_source
    = std::function<std::optional<std::string>(sequence_number)>;

  capture(statement_cache& statements, const tracked_tables& tables,
          record_index& index, pending_queue& pending, row_keys& keys,
          row_writer& rows, image_source images)
    : statements_(statements), tables_(tables), index_(index),
      pending_(pending), keys_(keys), rows_(rows),
      owners_(statements, tables, keys), images_(std::move(images)) {
  }

  /// Takes a piece of what `drain` finds.
  using piece_keeper
    = std::function<expected<void>(std::vector<captured_change>)>;

  /// About so many bytes of images are handed on at once.
  static constexpr std::size_t piece_bytes = std::size_t{8} << 20;

  /// Hands on the operations since the last drain, in the order in which their
  /// records were touched, without device, number, time and transaction. They
  /// come in pieces that the memory holds, each of which must be kept (pending,
  /// or in the draft) before the next one is asked for: a record that was
  /// touched again and again is found as it was kept. Rows that are as they
  /// were amount to nothing. Fails with `too_large` for an image beyond
  /// `image_limit` bytes, and as `keep` does; then the caller rolls back. Only
  /// what was noted after the note `after`. Throws SQLite::Exception.
  expected<void> drain(std::size_t image_limit, std::int64_t after,
                       const piece_keeper& keep);

  /// The newest note of a changed row; what is noted later comes after it.
  std::int64_t newest_note();

  /// The records whose rows changed after one note and up to another; forgets
  /// that they did.
  std::vector<record_key> take_records(std::int64_t after,
                                       std::int64_t through);

  /// All of them after this note.
  std::vector<record_key> take_records_after(std::int64_t note);

  /// Notes every row of a table, and every record of it that has no row, as if
  /// all had just changed.
  void note_all(const tracked_table_schema& schema);

  /// Notes every row of a table. Rows that are `unbased` were written without a
  /// look at what is known of their records, and what differs in them is a
  /// change beside all others.
  void note_rows(const tracked_table_schema& schema, bool unbased);

  /// Records of a table whose rows were removed since the last drain. Where the
  /// table itself was dropped since, only the triggers' notes tell.
  std::set<record_id> removed_of(const tracked_table_schema& schema);

  /// Notes the rows of other tables that refer to one of the table's: until it
  /// was tracked, they named a number instead of a record.
  void note_references_to(const tracked_table_schema& schema);

  /// Completes an operation with what it was based on; gives where its record
  /// stands in the log.
  record_state set_base(operation& what);
  /// The same where it is known whether any operation is pending.
  record_state set_base(operation& what, bool any_pending);

  /// Fails with `too_large`.
  static expected<void> check_size(const tracked_table_schema& schema,
                                   std::size_t size, std::size_t image_limit);

private:
  struct note {
    const tracked_table_schema* schema;
    noted_key key;
    mint for_new;
    std::optional<record_id> record;
    /// The row is new: nobody knows its record yet.
    bool is_new = false;
    /// The last that was noted of the row: it was removed.
    bool is_removed = false;
    bool is_unbased = false;
  };
  /// Each record once.
  struct noted_change {
    const tracked_table_schema* schema;
    record_id record;
    /// The rowid of a row that has got its id by this note.
    std::optional<std::int64_t> new_at;
    bool is_unbased;
  };
  /// Rows that are gone; their numbers are free once all is captured.
  using gone_rows = std::vector<std::pair<std::int64_t, record_id>>;

  /// The notes after one of them, up to another.
  std::vector<note> read_notes(std::int64_t after, std::int64_t through);
  std::vector<note> take_notes(std::int64_t after, std::int64_t through);
  /// Gives new rows their record ids, as other rows may refer to them; where no
  /// table refers to another, there is nothing to do.
  void name_new_rows(std::int64_t after, std::int64_t through);
  /// Notes rows that refer to one of these, where that is another record now.
  void note_referring_rows(std::int64_t after, std::int64_t through);
  /// Finds out which record each note is about.
  std::vector<noted_change> resolve(std::vector<note> notes);
  std::optional<nlohmann::json> base_image(const operation& what);
  /// Adds the operation that the record's row amounts to, if any.
  expected<void> add(const noted_change& noted, bool any_pending,
                     std::size_t image_limit,
                     std::vector<captured_change>& list, gone_rows& gone);

  statement_cache& statements_;
  const tracked_tables& tables_;
  record_index& index_;
  pending_queue& pending_;
  row_keys& keys_;
  row_writer& rows_;
  changed_owners owners_;
  image_source images_;
};

} // namespace lockstep
