#include "persistence/outlived_rows.hpp"

#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/set_aside.hpp"

#include <algorithm>
#include <stdexcept>

// Rows that nobody will hear of any more that they were deleted.
namespace lockstep {

namespace {

std::int64_t as_sql(sequence_number at) {
  return static_cast<std::int64_t>(at.value);
}

void note_due(library_store& store, bool due) {
  auto state
    = store.statements.use("UPDATE lockstep_state SET outlived_rows = ?");
  state->bind(1, due ? 1 : 0);
  state->exec();
}

/// Live records whose newest entry was up to `through` and is not in the log.
std::vector<record_key> outlived_records(library_store& store,
                                         sequence_number through) {
  std::vector<record_key> list;
  for (const auto* text :
       {"SELECT name, key, sequence FROM lockstep_identity JOIN lockstep_model"
        " ON lockstep_model.id = model WHERE sequence <= ?",
        "SELECT model, record_id, sequence FROM lockstep_record WHERE NOT"
        " deleted AND sequence <= ?"}) {
    SQLite::Statement rows{*store.database, text};
    rows.bind(1, as_sql(through));
    while (rows.executeStep()) {
      const sequence_number at{
        static_cast<std::uint64_t>(rows.getColumn(2).getInt64())};
      const auto held = store.log.head_at(at);
      if (!held)
        throw std::runtime_error{held.error().message};
      if (!*held)
        list.emplace_back(rows.getColumn(0).getString(),
                          read_id<record_id>(rows.getColumn(1)));
    }
  }
  return list;
}

} // namespace

expected<bool> note_outlived_rows(library_store& store) {
  return store.attempt([&]() -> expected<bool> {
    const auto forgotten = store.log.forgotten();
    const auto end = store.log.latest_sequence();
    if (!forgotten || !end)
      return tl::make_unexpected(!forgotten ? forgotten.error() : end.error());
    auto noted = store.statements.use("SELECT outlived_rows FROM"
                                      " lockstep_state");
    noted->executeStep();
    if (noted->getColumn(0).getInt() != 0)
      return true;
    noted->reset();
    if (!(store.applied() < std::min(forgotten->through, *end)))
      return false;
    return in_one_transaction(store, durability::with_log,
                              [&]() -> expected<void> {
                                note_due(store, true);
                                return {};
                              })
      .map([] { return true; });
  });
}

expected<void> library_applier::drop_outlived_rows() {
  return in_one_transaction(
    store_, durability::with_log, [&]() -> expected<void> {
      const auto forgotten = store_.log.forgotten();
      if (!forgotten)
        return tl::make_unexpected(forgotten.error());
      if (auto kept = keep_captured(); !kept)
        return kept;
      const auto gone = outlived_records(store_, forgotten->through);
      const auto noted = store_.changes.newest_note();
      store_.set_applying(true);
      undo_pending();
      std::vector<wanted_row> rows;
      for (const auto& [model, record] : gone)
        rows.push_back(
          {model, record, change_type::remove, {}, standing::canonical});
      const auto stuck
        = show_unchecked(store_, show_together(store_, rows),
                         [&](std::size_t index) { return rows[index]; });
      for (std::size_t i = 0; i < gone.size(); ++i)
        if (std::ranges::find(stuck, i, &unshown_row::index) == stuck.end())
          store_.index.store(gone[i].first, gone[i].second, {});
      set_orphans_aside(store_);
      redo_pending();
      undo_triggers(store_, noted);
      store_.set_applying(false);
      // What cannot go yet is looked for again when the library is opened.
      note_due(store_, !stuck.empty());
      return {};
    });
}

} // namespace lockstep
