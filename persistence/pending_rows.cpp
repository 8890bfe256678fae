#include "persistence/library_applier.hpp"
#include "persistence/rows_in_pieces.hpp"
#include "persistence/set_aside.hpp"

#include <algorithm>
#include <map>

namespace lockstep {

namespace {

/// Records with pending operations, as the log has them.
class canonical_rows : public row_stream {
public:
  explicit canonical_rows(library_store& store) : store_(store) {
  }

  void for_each(const action& run) const override {
    store_.pending.for_each([&](const operation& what, std::int64_t place) {
      run(static_cast<std::size_t>(place),
          canonical_row(store_, {what.model, what.record}));
    });
  }

  [[nodiscard]] wanted_row at(std::size_t index) const override {
    const auto what
      = store_.pending.at(static_cast<std::int64_t>(index)).value();
    return canonical_row(store_, {what.model, what.record});
  }

private:
  library_store& store_;
};

/// What one pending transaction wants; an index is a number of its device's.
class pending_rows : public row_stream {
public:
  pending_rows(library_store& store, const queued_transaction& which)
    : store_(store), which_(which) {
  }

  void for_each(const action& run) const override {
    each(which_.numbers, run);
  }

  [[nodiscard]] wanted_row at(std::size_t index) const override {
    wanted_row found;
    const device_sequence_number number{index};
    each({number, number},
         [&](std::size_t, const wanted_row& row) { found = row; });
    return found;
  }

  [[nodiscard]] std::vector<wanted_row> all() const {
    std::vector<wanted_row> list;
    for_each([&](std::size_t, const wanted_row& row) { list.push_back(row); });
    return list;
  }

private:
  void each(operation_range numbers, const action& run) const {
    auto one = [&](const operation& what) -> expected<void> {
      run(static_cast<std::size_t>(what.device_sequence.value),
          {what.model, what.record, what.change, what.data, standing::pending});
      return {};
    };
    static_cast<void>(store_.pending.for_each_in(which_.device, numbers, one));
  }

  library_store& store_;
  queued_transaction which_;
};

/// So many pending operations are put aside all at once.
constexpr std::uint64_t many = 10'000;

} // namespace

void library_applier::undo_pending() {
  if (store_.pending.count() > many) {
    const canonical_rows rows{store_};
    for (const auto& row : show_in_pieces(store_, rows)) {
      const auto wish = rows.at(row.index);
      set_aside(store_, store_.index.find(wish.model, wish.record).latest,
                row.why.message);
    }
    return;
  }
  std::map<record_key, bool> records;
  for (const auto& what : store_.pending.all())
    records[{what.model, what.record}] = true;
  std::vector<wanted_row> rows;
  for (const auto& [key, ignored] : records)
    rows.push_back(canonical_row(store_, key));
  for (const auto& row : show_together(store_, rows)) {
    const auto& wish = rows[row.index];
    set_aside(store_, store_.index.find(wish.model, wish.record).latest,
              row.why.message);
  }
}

void library_applier::take_pending_into(pending_queue& queue) {
  const auto noted = store_.changes.newest_note();
  store_.set_applying(true);
  undo_pending();
  queue.take_all(store_.pending);
  undo_triggers(store_, noted);
  store_.set_applying(false);
}

void library_applier::redo_pending() {
  for (const auto& which : store_.pending.transactions())
    redo(which);
}

void library_applier::redo(const queued_transaction& which) {
  const pending_rows rows{store_, which};
  const bool broken = store_.breaks_foreign_key();
  bool shown = false;
  {
    savepoint whole{store_};
    const auto unfit = which.is_small() ? show_together(store_, rows.all())
                                        : show_in_pieces(store_, rows);
    shown = unfit.empty() && (broken || !store_.breaks_foreign_key());
    if (shown)
      whole.release();
  }
  // Else it steps aside, as a whole, until the leader has settled it.
  store_.pending.set_shown(which.device, which.numbers, shown);
}

} // namespace lockstep
