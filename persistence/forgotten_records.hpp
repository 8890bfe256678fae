#pragma once

#include "persistence/library_store.hpp"

#include <cstdint>
#include <string>

namespace lockstep {

/// Goes through what is known of deleted records, and drops those of which the
/// log has forgotten the deletion: whoever fetches that log does not know of
/// them either, and the next to make such a record begins it anew. May be cut
/// off and begun again at any time.
class forgotten_records {
public:
  explicit forgotten_records(library_store& store) : store_(store) {
  }

  /// The next ones, in a transaction of its own; false once it is at the end.
  expected<bool> step();

private:
  /// Where a piece ended, in the order of the table's primary key.
  struct place {
    std::int64_t tracked = 0; ///< A tracked table's model,
    std::string model;        ///< or any other.
    record_id record;
  };
  enum class part { tombstones, records, none };

  expected<void> drop_next();

  library_store& store_;
  part at_ = part::tombstones;
  place after_;
};

} // namespace lockstep
