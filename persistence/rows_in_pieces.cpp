#include "persistence/rows_in_pieces.hpp"

#include <utility>

namespace lockstep {

namespace {

/// From the last to the first: a value that moves from row to row is handed on
/// in one of the two orders.
std::vector<unshown_row> show_backwards(library_store& store,
                                        const row_stream& rows,
                                        std::vector<unshown_row> waiting) {
  std::vector<unshown_row> unshown;
  for (auto row = waiting.rbegin(); row != waiting.rend(); ++row)
    if (auto why = show_one(store, rows.at(row->index)))
      unshown.push_back({row->index, std::move(*why)});
  return unshown;
}

} // namespace

std::vector<unshown_row> show_in_pieces(library_store& store,
                                        const row_stream& rows) {
  if (rows.reserve_numbers())
    rows.for_each(
      [&](std::size_t, const wanted_row& row) { reserve_number(store, row); });
  std::vector<unshown_row> unshown;
  rows.for_each([&](std::size_t index, const wanted_row& row) {
    if (auto why = show_one(store, row))
      unshown.push_back({index, std::move(*why)});
  });
  const auto waiting = show_backwards(store, rows, std::move(unshown));
  std::vector<wanted_row> rest;
  rest.reserve(waiting.size());
  for (const auto& row : waiting)
    rest.push_back(rows.at(row.index));
  auto unfit
    = rest.empty() ? std::vector<unshown_row>{} : show_together(store, rest);
  for (auto& row : unfit)
    row.index = waiting[row.index].index;
  return unfit;
}

} // namespace lockstep
