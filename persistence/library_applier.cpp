#include "persistence/library_applier.hpp"

#include "persistence/forgotten_numbers.hpp"
#include "persistence/kept_local_columns.hpp"
#include "persistence/library_writer.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/pending_keeper.hpp"
#include "persistence/returned_operations.hpp"
#include "persistence/rows_together.hpp"
#include "persistence/set_aside.hpp"
#include "protocol/conflict.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace lockstep {

namespace {

constexpr std::uint32_t chunk_limit = 1'000;

/// Ends at the latest when it goes away.
struct loud_again {
  std::optional<without_triggers>& silent;
  ~loud_again() {
    silent.reset();
  }
};

bool ends_transaction(const entry& what) {
  return what.sequence == what.transaction_end;
}

/// Whether the entry is what became of the operation, whose number it has. Each
/// life of a device whose clock is corrected may have moved what waited.
bool is_one_operation(const operation& waits, const entry& what) {
  auto says_as = [&](const auto& other) {
    return waits.model == other.model && waits.record == other.record
           && waits.change == other.change && waits.data == other.data;
  };
  const auto lost
    = what.model == conflict_model ? loser_of(what.data) : std::nullopt;
  return lost ? says_as(*lost) : says_as(what);
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

expected<void> library_applier::catch_up(chunk fresh,
                                         const listener& on_applied) {
  return store_.attempt([&]() -> expected<void> {
    auto head = store_.log.head();
    if (!head)
      return tl::make_unexpected(head.error());
    const auto end = head->position.sequence;
    while (true) {
      auto first = next_chunk(store_.applied(), end, fresh);
      if (!first)
        return tl::make_unexpected(first.error());
      if ((*first)->empty())
        return {};
      auto through = apply_from(*first, end);
      if (!through) {
        store_.rollback();
        return tl::make_unexpected(through.error());
      }
      if (auto told = report(*first, *through, on_applied); !told)
        return told;
    }
  });
}

expected<library_applier::chunk>
library_applier::next_chunk(sequence_number cursor, sequence_number head,
                            const chunk& fresh) {
  if (!(cursor < head))
    return std::make_shared<const std::vector<entry>>();
  std::vector<entry> list;
  if (fresh && !fresh->empty() && fresh->front().sequence == cursor + 1) {
    if (ends_transaction(fresh->back()))
      return fresh;
    list = *fresh;
  } else {
    auto read = store_.log.fetch_since(cursor, chunk_limit);
    if (!read)
      return tl::make_unexpected(read.error());
    list = std::move(*read);
  }
  const auto last_end
    = std::find_if(list.rbegin(), list.rend(), ends_transaction);
  if (last_end != list.rend())
    list.erase(last_end.base(), list.end());
  else if (!list.empty() && head < list.front().transaction_end)
    list.clear();
  return std::make_shared<const std::vector<entry>>(std::move(list));
}

expected<sequence_number> library_applier::apply_from(const chunk& first,
                                                      sequence_number head) {
  renumbered_.clear();
  if (auto begun = store_.begin(durability::with_log); !begun)
    return tl::make_unexpected(begun.error());
  return store_.attempt([&]() -> expected<sequence_number> {
    if (auto kept = keep_captured(); !kept)
      return tl::make_unexpected(kept.error());
    const auto noted = store_.changes.newest_note();
    store_.set_applying(true);
    // Lockstep's triggers are silent now, and cost time all the same.
    const loud_again afterwards{silent_};
    // On a table that is not tracked, a foreign key's action may set one off.
    if (first->size() >= many_rows && !store_.reach.has_any_trigger())
      silent_.emplace(store_);
    auto list = first;
    apply_chunk(*list);
    while (!ends_transaction(list->back())) {
      auto more = next_chunk(list->back().sequence, head, nullptr);
      if (!more)
        return tl::make_unexpected(more.error());
      if ((*more)->empty())
        return fail(errc::corrupt, "The log lacks the end of a transaction.");
      list = *more;
      apply_chunk(*list);
    }
    silent_.reset();
    undo_triggers(store_, noted);
    set_orphans_aside(store_);
    retry_set_aside(store_);
    undo_triggers(store_, noted);
    store_.set_applying(false);
    const auto through = list->back().sequence;
    store_.set_applied(through);
    if (auto committed = store_.commit(); !committed)
      return tl::make_unexpected(committed.error());
    return through;
  });
}

expected<void> library_applier::retry() {
  return in_one_transaction(store_, durability::with_log,
                            [&]() -> expected<void> {
                              if (auto kept = keep_captured(); !kept)
                                return kept;
                              const auto noted = store_.changes.newest_note();
                              store_.set_applying(true);
                              retry_set_aside(store_);
                              undo_triggers(store_, noted);
                              store_.set_applying(false);
                              return {};
                            });
}

expected<void> library_applier::report(const chunk& first,
                                       sequence_number through,
                                       const listener& on_applied) {
  for (const auto& what : renumbered_)
    if (on_renumbered_)
      on_renumbered_(what);
  on_applied(first);
  for (auto cursor = first->back().sequence; cursor < through;) {
    auto more = store_.log.fetch_since(cursor, chunk_limit);
    if (!more)
      return tl::make_unexpected(more.error());
    std::erase_if(*more,
                  [&](const entry& what) { return through < what.sequence; });
    if (more->empty())
      return {};
    cursor = more->back().sequence;
    on_applied(std::make_shared<const std::vector<entry>>(std::move(*more)));
  }
  return {};
}

expected<void> library_applier::keep_captured() {
  library_writer writer{store_, now_};
  pending_keeper keeper{store_};
  if (auto captured = writer.captured(keeper); !captured) {
    // What cannot be captured stays noted; it is no reason to fall behind,
    // unless it has ended the transaction, as a full disk does.
    if (!store_.in_transaction())
      return tl::make_unexpected(captured.error());
    return {};
  }
  store_.fill_new_columns();
  return {};
}

void library_applier::apply_chunk(std::span<const entry> list) {
  any_pending_ = !store_.pending.is_empty();
  const auto renumbered_before = renumbered_;
  if (apply_on_top(list))
    return;
  // Rows that go one after another may drag others along, which is noted.
  silent_.reset();
  renumbered_ = renumbered_before;
  apply_without_pending(list);
}

bool library_applier::apply_on_top(std::span<const entry> list) {
  savepoint all{store_};
  try {
    for (const auto& what : list)
      apply_one(what);
  } catch (...) {
    const auto why = current_failure(store_.file);
    if (!store_.in_transaction()
        || (why.code != errc::constraint && why.code != errc::invalid_argument))
      throw;
    return false;
  }
  if (ends_transaction(list.back()) && store_.breaks_foreign_key())
    return false;
  all.release();
  return true;
}

void library_applier::apply_without_pending(std::span<const entry> list) {
  kept_local_columns local{store_};
  undo_pending();
  while (!list.empty()) {
    const auto end = std::find_if(list.begin(), list.end(), ends_transaction);
    const bool is_whole = end != list.end();
    const auto size
      = static_cast<std::size_t>(end - list.begin()) + (is_whole ? 1 : 0);
    std::vector<wanted_row> rows;
    for (const auto& what : list.first(size)) {
      note(what);
      rows.push_back(
        {what.model, what.record, what.change, what.data, standing::canonical});
    }
    for (const auto& row :
         show_unchecked(store_, show_together(store_, rows),
                        [&](std::size_t index) { return rows[index]; }))
      set_aside(store_, list[row.index].sequence, row.why.message);
    list = list.subspan(size);
    if (list.empty() && is_whole)
      set_orphans_aside(store_);
  }
  redo_pending();
  local.restore();
}

void library_applier::free_number(const entry& what) {
  // This device forgot that it had used the number: its files were lost, or an
  // older copy of them came back. What it made since then has this number and
  // the ones above it.
  if (what.device != store_.own)
    return;
  const auto waits = store_.pending.of_another_time(what);
  if (waits && !is_one_operation(*waits, what))
    renumbered_.push_back(store_.pending.renumber(
      store_.own, what.device_sequence, store_.next_device_sequence()));
}

std::optional<taken_operation> library_applier::note(const entry& what) {
  free_number(what);
  store_.accepted.insert(what.device, what.device_sequence);
  const bool deleted = what.change == change_type::remove;
  if (what.version == version_number{1} && !what.previous && !deleted)
    store_.index.store_first(what.model, what.record, what.sequence);
  else
    store_.index.store(what.model, what.record,
                       {what.version, what.sequence, deleted});
  std::optional<taken_operation> taken;
  if (any_pending_)
    taken = store_.pending.take(what.device, what.device_sequence);
  // The record may begin anew, with the versions that it had.
  if (any_pending_ && deleted)
    store_.pending.move_bases(what.model, what.record, {}, mark_of_life(what));
  if (!taken && what.device == store_.own)
    leap_over(store_, what.device_sequence, now_());
  // A commit that was lost after its append left its notes behind: captured
  // anew, they are this entry once more. What this device made in an earlier
  // life, and forgot, is none of it.
  const bool is_forgotten = what.device_sequence <= store_.numbers_above();
  if (any_pending_ && !taken && what.device == store_.own && !is_forgotten)
    if (auto again = store_.pending.newest_of(what.model, what.record);
        again && again->device == store_.own && again->change == what.change
        && again->base_version + 1 == what.version
        && is_same_image(*again, what))
      store_.pending.take(again->device, again->device_sequence);
  return taken;
}

bool library_applier::is_same_image(const operation& made, const entry& what) {
  if (made.data == what.data)
    return true;
  const auto* schema = store_.tables.by_model(what.model);
  if (schema == nullptr || !schema->is_numbered())
    return false;
  // The log may have given it another number than it had here.
  auto images = std::pair{nlohmann::json::parse(made.data, nullptr, false),
                          nlohmann::json::parse(what.data, nullptr, false)};
  for (auto* image : {&images.first, &images.second})
    if (image->is_object())
      image->erase(schema->number_in_image);
  return images.first == images.second;
}

void library_applier::apply_one(const entry& what) {
  const auto settled = note(what);
  if (settled && settled->what.model != what.model) {
    // The operation lost; what it wished for is kept in the conflict.
    const auto& lost = settled->what;
    if (auto top = store_.pending.newest_of(lost.model, lost.record))
      store_.show(top->model, top->record, top->change, top->data,
                  standing::pending);
    else
      store_.show_canonical(lost.model, lost.record);
    return;
  }
  if (auto top = any_pending_
                   ? store_.pending.newest_of(what.model, what.record)
                   : std::nullopt) {
    if (const auto* schema = store_.tables.by_model(what.model);
        schema && schema->is_numbered() && what.change != change_type::remove)
      store_.rows.reserve(*schema, what.record,
                          nlohmann::json::parse(what.data),
                          standing::canonical);
    // What was settled may have stood on top of it: operations that were taken
    // back from a log that was cut need not return in their first order.
    if (settled)
      store_.show(top->model, top->record, top->change, top->data,
                  standing::pending);
    return;
  }
  // Also an own row that seems to stand there: a foreign key's action may have
  // taken it along meanwhile.
  store_.show(what.model, what.record, what.change, what.data,
              standing::canonical);
}

} // namespace lockstep
