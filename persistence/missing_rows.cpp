#include "persistence/missing_rows.hpp"

#include "persistence/rows_in_pieces.hpp"
#include "persistence/set_aside.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace lockstep {

namespace {

/// Records that the log knows and the table lacks; an index is a place in the
/// list of their newest entries.
class missing_rows : public row_stream {
public:
  /// The places in order.
  missing_rows(library_store& store, const tracked_table_schema& schema,
               const std::vector<sequence_number>& places)
    : store_(store), schema_(schema), places_(places) {
  }

  [[nodiscard]] bool reserve_numbers() const override {
    return reserves_numbers(schema_);
  }

  void for_each(const action& run) const override {
    std::vector<entry> piece;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (piece.empty() || piece.back().sequence < places_[i])
        piece = piece_from(i);
      const auto found
        = std::ranges::lower_bound(piece, places_[i], {}, &entry::sequence);
      if (found != piece.end() && found->sequence == places_[i])
        run(i, as_wanted(*found));
      else
        run(i, at(i));
    }
  }

  [[nodiscard]] wanted_row at(std::size_t index) const override {
    const auto found = store_.entry_at(places_[index]);
    if (!found || !*found)
      throw std::runtime_error{"The log lacks entry "
                               + to_string(places_[index]) + "."};
    return as_wanted(**found);
  }

private:
  static wanted_row as_wanted(const entry& what) {
    return {what.model, what.record, what.change, what.data,
            standing::canonical};
  }

  /// Entries from a place on where they stand so close together that to read
  /// those in between as well takes less than to ask for each.
  [[nodiscard]] std::vector<entry> piece_from(std::size_t index) const {
    constexpr std::size_t piece_entries = 1'024;
    constexpr std::size_t wanted_least = piece_entries / 8;
    const auto first = places_[index];
    if (places_.size() - index <= wanted_least
        || first + piece_entries < places_[index + wanted_least])
      return {};
    return store_.log.fetch_since(first - 1, piece_entries)
      .value_or(std::vector<entry>{});
  }

  library_store& store_;
  const tracked_table_schema& schema_;
  const std::vector<sequence_number>& places_;
};

/// Shows rows in a table; one that nothing stands in is filled without
/// triggers, where those would only be Lockstep's, which are silent.
std::vector<unshown_row> fill(library_store& store, const missing_rows& missing,
                              bool is_empty) {
  std::optional<without_triggers> silent;
  if (is_empty && !store.reach.has_any_trigger())
    silent.emplace(store);
  return show_in_pieces(store, missing);
}

} // namespace

void fill_from_log(library_store& store, const tracked_table_schema& schema,
                   const std::vector<sequence_number>& places, bool is_empty,
                   const std::function<bool(record_id)>& wanted) {
  const auto noted = store.changes.newest_note();
  const missing_rows missing{store, schema, places};
  for (const auto& row :
       show_unchecked(store, fill(store, missing, is_empty),
                      [&](std::size_t index) { return missing.at(index); }))
    set_aside(store, places[row.index], row.why.message);
  store.pending.for_each([&](const operation& what, std::int64_t) {
    // What does not fit beside rows of a program's waits for its place unseen.
    if (what.model == schema.model && wanted(what.record))
      std::ignore = show_one(store, {what.model, what.record, what.change,
                                     what.data, standing::pending});
  });
  undo_triggers(store, noted);
  set_orphans_aside(store);
  retry_set_aside(store);
  undo_triggers(store, noted);
}

} // namespace lockstep
