#pragma once

#include "persistence/rows_in_pieces.hpp"

namespace lockstep {

/// The rows that the open transaction of a draft wants. An index counts its
/// entries.
class draft_rows : public row_stream {
public:
  draft_rows(library_store& store, const log_draft& draft)
    : store_(store), draft_(draft), first_(draft.open_from()) {
  }

  /// Whether the memory holds them all.
  [[nodiscard]] bool are_few() const {
    return draft_.last().value - first_.value < log_draft::piece_entries;
  }

  [[nodiscard]] std::vector<wanted_row> all() const;
  void for_each(const action& run) const override;
  [[nodiscard]] wanted_row at(std::size_t index) const override;
  [[nodiscard]] entry entry_at(std::size_t index) const;

private:
  library_store& store_;
  const log_draft& draft_;
  sequence_number first_;
};

} // namespace lockstep
