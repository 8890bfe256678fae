#include "persistence/library_applier.hpp"

#include "protocol/conflict.hpp"

#include <algorithm>
#include <set>

namespace lockstep {

namespace {

constexpr std::uint32_t chunk_limit = 1'000;

/// Applied entries rest on a savepoint; a transaction this long is committed in
/// between where the log's transactions allow it.
bool ends_transaction(const entry& what) {
  return what.sequence == what.transaction_end;
}

} // namespace

std::optional<settled_operation> settled_by(const entry& what, device_id own) {
  if (what.device != own)
    return std::nullopt;
  settled_operation settled{what.device_sequence, what.sequence, false};
  if (what.model == conflict_model) {
    const auto loser = loser_of(what.data);
    settled.lost = loser && loser->device == own
                   && loser->device_sequence == what.device_sequence;
  }
  return settled;
}

expected<void>
library_applier::catch_up(chunk fresh,
                          const std::function<void(chunk)>& on_applied) {
  return store_.attempt([&]() -> expected<void> {
    auto head = store_.log.head();
    if (!head)
      return tl::make_unexpected(head.error());
    const auto end = head->position.sequence;
    auto cursor = store_.applied();
    while (cursor < end) {
      if (auto begun = store_.begin(durability::with_log); !begun)
        return begun;
      std::vector<chunk> applied;
      bool rests = false;
      while (cursor < end && !rests) {
        auto list = fresh;
        if (!list || list->empty() || list->front().sequence != cursor + 1) {
          auto read = store_.log.fetch_since(cursor, chunk_limit);
          if (!read) {
            store_.rollback();
            return tl::make_unexpected(read.error());
          }
          list = std::make_shared<const std::vector<entry>>(std::move(*read));
        }
        fresh = nullptr;
        if (list->empty())
          break;
        auto through = apply_chunk(*list, end);
        if (!through) {
          store_.rollback();
          return tl::make_unexpected(through.error());
        }
        rests = !(*through < list->back().sequence)
                && ends_transaction(list->back());
        if (*through < list->back().sequence) {
          // The rest is half a transaction, whose end is not here yet.
          cursor = end;
          auto whole = std::make_shared<std::vector<entry>>(*list);
          std::erase_if(*whole, [&](const entry& what) {
            return what.sequence > *through;
          });
          list = whole;
        } else {
          cursor = *through;
        }
        if (!list->empty())
          applied.push_back(list);
      }
      if (auto committed = store_.commit(); !committed) {
        store_.rollback();
        return committed;
      }
      for (auto& list : applied)
        on_applied(list);
      if (applied.empty())
        break;
    }
    return {};
  });
}

expected<sequence_number>
library_applier::apply_chunk(std::span<const entry> list,
                             sequence_number head) {
  const auto whole = std::find_if(
    list.begin(), list.end(),
    [&](const entry& what) { return what.transaction_end > head; });
  list = list.first(static_cast<std::size_t>(whole - list.begin()));
  if (list.empty())
    return sequence_number{};
  store_.set_applying(true);
  bool fits = true;
  {
    savepoint all{store_};
    try {
      apply(list);
    } catch (...) {
      const auto why = current_failure(store_.file);
      if (why.code != errc::constraint && why.code != errc::invalid_argument)
        return tl::make_unexpected(why);
      fits = false;
    }
    fits = fits && (!ends_transaction(list.back())
                    || !store_.breaks_foreign_key());
    if (fits)
      all.release();
  }
  if (!fits)
    apply_without_pending(list);
  store_.set_applying(false);
  store_.set_applied(list.back().sequence);
  return list.back().sequence;
}

void library_applier::apply(std::span<const entry> list) {
  for (const auto& what : list)
    apply_one(what, true);
}

void library_applier::apply_without_pending(std::span<const entry> list) {
  undo_pending();
  for (const auto& what : list) {
    try {
      savepoint one{store_};
      apply_one(what, false);
      one.release();
    } catch (...) {
      set_aside(what, current_failure(store_.file).message);
    }
  }
  redo_pending();
}

void library_applier::apply_one(const entry& what, bool pending_is_shown) {
  const auto settled
    = store_.pending.take(what.device, what.device_sequence);
  store_.accepted.insert(what.device, what.device_sequence);
  store_.index.store(what.model, what.record,
                     {what.version, what.sequence,
                      what.change == change_type::remove});
  if (settled && settled->what.model != what.model) {
    // The operation lost; what it wished for is kept in the conflict.
    const auto& lost = settled->what;
    if (!pending_is_shown || !store_.pending.has(lost.model, lost.record))
      store_.show_canonical(lost.model, lost.record);
    return;
  }
  if (pending_is_shown) {
    if (store_.pending.has(what.model, what.record))
      return;
    if (settled && settled->shown && settled->what.data == what.data
        && settled->what.change == what.change)
      return;
  }
  store_.show(what.model, what.record, what.change, what.data);
}

void library_applier::set_aside(const entry& what, const std::string& reason) {
  store_.pending.take(what.device, what.device_sequence);
  store_.index.store(what.model, what.record,
                     {what.version, what.sequence,
                      what.change == change_type::remove});
  auto row = store_.statements.use("INSERT OR REPLACE INTO lockstep_set_aside("
                                   "sequence, reason) VALUES(?, ?)");
  row->bind(1, static_cast<std::int64_t>(what.sequence.value));
  row->bind(2, reason);
  row->exec();
}

void library_applier::undo_pending() {
  std::set<std::pair<std::string, record_id>> records;
  for (const auto& what : store_.pending.all())
    records.emplace(what.model, what.record);
  // Rows that the log does not know go first: they may stand in the way of
  // those that it does.
  for (const auto& [model, record] : records) {
    const auto state = store_.index.find(model, record);
    if (!state.version || state.deleted)
      store_.show(model, record, change_type::remove, {});
  }
  for (const auto& [model, record] : records)
    store_.show_canonical(model, record);
}

void library_applier::redo_pending() {
  for (const auto& what : store_.pending.all()) {
    bool shown = false;
    try {
      savepoint one{store_};
      store_.show(what.model, what.record, what.change, what.data);
      if (!store_.breaks_foreign_key()) {
        one.release();
        shown = true;
      }
    } catch (const SQLite::Exception&) {
      shown = false; // It steps aside until the leader has settled it.
    }
    store_.pending.set_shown(what.device, what.device_sequence, shown);
  }
}

} // namespace lockstep
