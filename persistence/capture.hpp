#pragma once

#include "messages/errors.hpp"
#include "messages/operation.hpp"
#include "persistence/pending_queue.hpp"
#include "persistence/record_index.hpp"
#include "persistence/row_keys.hpp"
#include "persistence/row_writer.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lockstep {

/// A record's model and id.
using record_key = std::pair<std::string, record_id>;

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
      pending_(pending), keys_(keys), rows_(rows), images_(std::move(images)) {
  }

  /// The operations since the last drain, in the order in which their records
  /// were first touched, without device, number, time and transaction. Rows
  /// that are as they were amount to nothing. Fails with `too_large` for an
  /// image beyond `image_limit` bytes; then the caller rolls back. Only what
  /// was noted after the note `after`. Throws SQLite::Exception.
  expected<std::vector<operation>> drain(std::size_t image_limit,
                                         std::int64_t after = 0);

  /// The newest note of a changed row; what is noted later comes after it.
  std::int64_t newest_note();

  /// The records whose rows changed after this note; forgets that they did.
  std::vector<record_key> take_records_after(std::int64_t note);

  /// Notes every row of a table, and every record of it that has no row, as if
  /// all had just changed.
  void note_all(const tracked_table_schema& schema);

  /// Completes an operation with what it was based on.
  void set_base(operation& what);

private:
  struct note {
    const tracked_table_schema* schema;
    noted_key key;
    mint for_new;
    std::optional<record_id> record;
  };

  std::vector<note> take_notes(std::int64_t after);
  /// Finds out which record each note is about, each record once.
  std::vector<record_key> resolve(std::vector<note> notes);
  std::optional<nlohmann::json> base_image(const operation& what);
  /// Adds the operation that the record's row amounts to, if any.
  expected<void> add(const record_key& key, std::size_t image_limit,
                     std::vector<operation>& list);

  statement_cache& statements_;
  const tracked_tables& tables_;
  record_index& index_;
  pending_queue& pending_;
  row_keys& keys_;
  row_writer& rows_;
  image_source images_;
};

} // namespace lockstep
