#pragma once

#include "persistence/rows_together.hpp"

#include <functional>

namespace lockstep {

/// Wanted rows of one transaction that are more than the memory holds. Each
/// record is wanted once.
class row_stream {
public:
  using action = std::function<void(std::size_t index, const wanted_row&)>;

  virtual ~row_stream() = default;
  /// Whether any may need a number ahead of time.
  [[nodiscard]] virtual bool reserve_numbers() const {
    return true;
  }
  virtual void for_each(const action& run) const = 0;
  [[nodiscard]] virtual wanted_row at(std::size_t index) const = 0;
};

/// As show_together. What does not fit in the rows' order, and not in the
/// opposite one, is to be held in memory.
std::vector<unshown_row> show_in_pieces(library_store& store,
                                        const row_stream& rows);

} // namespace lockstep
