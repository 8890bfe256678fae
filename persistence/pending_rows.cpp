#include "persistence/library_applier.hpp"
#include "persistence/set_aside.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace lockstep {

namespace {

/// A record's row as the log has it.
wanted_row canonical_row(library_store& store, const record_key& key) {
  const auto& [model, record] = key;
  const auto state = store.index.find(model, record);
  if (!state.version || state.deleted)
    return {model, record, change_type::remove, {}, standing::canonical};
  auto latest = store.entry_at(state.latest);
  if (!latest || !*latest)
    throw std::runtime_error{"The log lacks entry " + to_string(state.latest)
                             + ", the newest of a record of model " + model
                             + "."};
  return {model, record, (*latest)->change, (*latest)->data,
          standing::canonical};
}

} // namespace

void library_applier::undo_pending() {
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

void library_applier::redo_pending() {
  const auto pending = store_.pending.all();
  for (auto first = pending.begin(); first != pending.end();) {
    const auto end
      = std::find_if(first, pending.end(), [&](const operation& what) {
          return what.device != first->device
                 || what.transaction_end != first->transaction_end;
        });
    redo({first, end});
    first = end;
  }
}

void library_applier::redo(std::span<const operation> transaction) {
  std::vector<wanted_row> rows;
  for (const auto& what : transaction)
    rows.push_back(
      {what.model, what.record, what.change, what.data, standing::pending});
  const bool broken = store_.breaks_foreign_key();
  bool shown = false;
  {
    savepoint whole{store_};
    shown = show_together(store_, rows).empty()
            && (broken || !store_.breaks_foreign_key());
    if (shown)
      whole.release();
  }
  // Else it steps aside, as a whole, until the leader has settled it.
  for (const auto& what : transaction)
    store_.pending.set_shown(what.device, what.device_sequence, shown);
}

} // namespace lockstep
