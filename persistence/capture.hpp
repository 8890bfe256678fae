#pragma once

#include "messages/errors.hpp"
#include "messages/operation.hpp"
#include "persistence/pending_queue.hpp"
#include "persistence/record_index.hpp"
#include "persistence/row_writer.hpp"

#include <cstdint>
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
  capture(statement_cache& statements, const tracked_tables& tables,
          record_index& index, pending_queue& pending, row_writer& rows)
    : statements_(statements), tables_(tables), index_(index),
      pending_(pending), rows_(rows) {
  }

  /// The operations since the last drain, in the order in which their records
  /// were first touched, without device, number, time and transaction. Fails
  /// with `invalid_argument` for a row whose key is no UUID, and with
  /// `too_large` for an image beyond `image_limit` bytes; then the caller rolls
  /// back. Only what was noted after the note `after`. Throws
  /// SQLite::Exception.
  expected<std::vector<operation>> drain(std::size_t image_limit,
                                         std::int64_t after = 0);

  /// The newest note of a changed row; what is noted later comes after it.
  std::int64_t newest_note();

  /// The records whose rows changed after this note; forgets that they did.
  std::vector<record_key> take_records_after(std::int64_t note);

  /// Completes an operation with what it was based on.
  void set_base(operation& what);

private:
  struct touched_row {
    std::int64_t model;
    record_id record;
    std::vector<std::string> changed;
    bool all_changed;
  };

  expected<std::vector<touched_row>> take_touched(std::int64_t after);

  statement_cache& statements_;
  const tracked_tables& tables_;
  record_index& index_;
  pending_queue& pending_;
  row_writer& rows_;
};

} // namespace lockstep
