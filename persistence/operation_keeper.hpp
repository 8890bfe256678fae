#pragma once

#include "messages/errors.hpp"
#include "messages/operation.hpp"
#include "persistence/record_index.hpp"

#include <vector>

namespace lockstep {

/// A device's numbers from `first` to `last`; none where nothing changed.
struct operation_range {
  device_sequence_number first;
  device_sequence_number last;
};

/// What a record's row, or its host, has become since Lockstep last looked.
struct captured_change {
  operation what;
  /// Where the record stands in the log, or in the open draft.
  record_state before;
};

/// Takes the operations of one transaction of this device while they are
/// captured, piece by piece, so that the memory holds no more than a piece.
class operation_keeper {
public:
  operation_keeper() = default;
  operation_keeper(const operation_keeper&) = delete;
  operation_keeper& operator=(const operation_keeper&) = delete;
  virtual ~operation_keeper() = default;

  /// The next operations. What comes later finds them at once: pending, or as
  /// their records' newest entries. Each ends where its piece does, as long as
  /// `close` says nothing else.
  virtual expected<void> keep(const std::vector<captured_change>& piece) = 0;

  /// That was all of them.
  virtual expected<void> close(operation_range all) = 0;

  /// It comes to nothing: the store's savepoint takes it back, and so must the
  /// keeper with what it holds elsewhere.
  virtual void abandon() = 0;
};

} // namespace lockstep
