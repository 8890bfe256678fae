#include "persistence/library_sequencer.hpp"

#include <algorithm>

namespace lockstep {

namespace {

entry entry_of(const operation& what) {
  entry made;
  made.device = what.device;
  made.device_sequence = what.device_sequence;
  made.timestamp = what.timestamp;
  made.model = what.model;
  made.record = what.record;
  made.change = what.change;
  made.data = what.data;
  return made;
}

} // namespace

bool library_sequencer::is_known(const operation& what) const {
  return store_.accepted.contains(what.device, what.device_sequence)
         || taken_.contains(what.device, what.device_sequence);
}

expected<void> library_sequencer::add_own(std::span<const operation> list) {
  return store_.attempt([&]() -> expected<void> {
    for (const auto& what : list)
      add_change(what, store_.index.find(what.model, what.record));
    draft_.close_transaction();
    return {};
  });
}

expected<void>
library_sequencer::add_proposals(std::span<const operation> list) {
  return store_.attempt([&]() -> expected<void> {
    while (!list.empty()) {
      const auto& first = list.front();
      const auto end
        = std::find_if(list.begin(), list.end(), [&](const operation& what) {
            return what.device != first.device
                   || what.transaction_end != first.transaction_end;
          });
      const auto size = static_cast<std::size_t>(end - list.begin());
      if (auto added = add_transaction(list.first(size)); !added)
        return added;
      list = list.subspan(size);
    }
    return {};
  });
}

expected<void>
library_sequencer::add_transaction(std::span<const operation> list) {
  const auto taken_before = taken_;
  {
    savepoint whole{store_};
    store_.set_applying(true);
    for (const auto& what : list) {
      if (is_known(what))
        continue;
      if (auto decided = decide(what); !decided)
        return decided;
    }
    store_.set_applying(false);
    if (!store_.breaks_foreign_key()) {
      draft_.close_transaction();
      whole.release();
      return {};
    }
  }
  draft_.abandon_transaction();
  taken_ = taken_before;
  return add_conflicts(list, conflict_kind::constraint,
                       "A row would refer to one that is not there.");
}

expected<void> library_sequencer::add_conflicts(
  std::span<const operation> list, conflict_kind kind,
  std::string_view reason) {
  for (const auto& what : list) {
    if (is_known(what))
      continue;
    std::optional<entry> latest;
    if (auto found = standing_of(what, latest); !found)
      return tl::make_unexpected(found.error());
    add_conflict(what, kind, reason,
                 latest ? side_of(*latest) : conflict_side{});
  }
  draft_.close_transaction();
  return {};
}

expected<record_standing>
library_sequencer::standing_of(const operation& what,
                               std::optional<entry>& latest) {
  const auto state = store_.index.find(what.model, what.record);
  record_standing standing{state.version, state.deleted, {}, {}, {}};
  if (!state.version)
    return standing;
  auto found = store_.entry_at(state.latest, &draft_);
  if (!found)
    return tl::make_unexpected(found.error());
  latest = std::move(*found);
  if (latest) {
    standing.timestamp = latest->timestamp;
    standing.device = latest->device;
    standing.device_sequence = latest->device_sequence;
  }
  return standing;
}

expected<void> library_sequencer::decide(const operation& what) {
  std::optional<entry> latest;
  auto standing = standing_of(what, latest);
  if (!standing)
    return tl::make_unexpected(standing.error());
  const auto outcome = last_writer_wins(what, *standing);
  const auto winner = latest ? side_of(*latest) : conflict_side{};
  if (outcome == verdict::loses) {
    add_conflict(what, conflict_kind::concurrent,
                 "Another device changed the record at the same time.", winner);
    return {};
  }
  try {
    savepoint one{store_};
    store_.show(what.model, what.record, what.change, what.data);
    one.release();
  } catch (...) {
    auto why = current_failure(store_.file);
    if (why.code != errc::constraint && why.code != errc::invalid_argument)
      return tl::make_unexpected(std::move(why));
    add_conflict(what, conflict_kind::constraint, why.message, winner);
    return {};
  }
  add_change(what, store_.index.find(what.model, what.record));
  if (outcome == verdict::wins && latest)
    add_displaced(*latest, what);
  return {};
}

void library_sequencer::add_change(const operation& what,
                                   const record_state& before) {
  auto made = entry_of(what);
  made.version = before.version + 1;
  made.previous = before.latest;
  add_entry(std::move(made));
}

void library_sequencer::add_conflict(const operation& loser,
                                     conflict_kind kind,
                                     std::string_view reason,
                                     const conflict_side& winner) {
  auto made = entry_of(loser);
  made.data = conflict_image(kind, loser.model, loser.record, reason, winner,
                             side_of(loser));
  made.model = conflict_model;
  made.record = conflict_id_();
  made.change = change_type::insert;
  made.version = version_number{1};
  add_entry(std::move(made));
}

void library_sequencer::add_displaced(const entry& loser,
                                      const operation& winner) {
  entry made;
  made.device = store_.own;
  made.device_sequence
    = std::max(store_.next_device_sequence(), taken_.last(store_.own) + 1);
  made.timestamp = now_();
  made.model = conflict_model;
  made.record = conflict_id_();
  made.change = change_type::insert;
  made.version = version_number{1};
  made.data = conflict_image(
    conflict_kind::concurrent, loser.model, loser.record,
    "Another device changed the record at the same time.", side_of(winner),
    side_of(loser));
  add_entry(std::move(made));
}

void library_sequencer::add_entry(entry what) {
  taken_.insert(what.device, what.device_sequence);
  const bool deleted = what.change == change_type::remove;
  const auto model = what.model;
  const auto record = what.record;
  const auto version = what.version;
  const auto at = draft_.add(std::move(what));
  store_.index.store(model, record, {version, at, deleted});
}

} // namespace lockstep
