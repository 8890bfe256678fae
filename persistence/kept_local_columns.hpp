#pragma once

#include "persistence/library_store.hpp"

#include <utility>
#include <vector>

namespace lockstep {

/// The excluded columns of rows with pending operations. No image has them, so
/// a row that is taken out of its table and shown again has lost them; until
/// `restore`. In one transaction on the store. Throws.
class kept_local_columns {
public:
  explicit kept_local_columns(library_store& store);

  /// Writes them where the rows are there again.
  void restore();

private:
  struct kept_row {
    std::int64_t model;
    record_id record;
    std::vector<sql_value> values;
  };

  library_store& store_;
  std::vector<kept_row> rows_;
};

} // namespace lockstep
