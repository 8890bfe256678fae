#include "persistence/library_sequencer.hpp"

#include "persistence/rows_together.hpp"

#include <algorithm>
#include <set>

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

/// Two devices made a record the same thing: neither loses anything.
bool is_same_wish(const entry& latest, const operation& what) {
  const bool both_remove = latest.change == change_type::remove
                           && what.change == change_type::remove;
  return both_remove
         || (latest.change != change_type::remove
             && what.change != change_type::remove && latest.data == what.data);
}

} // namespace

bool library_sequencer::is_known(const operation& what) const {
  return store_.accepted.contains(what.device, what.device_sequence)
         || taken_.contains(what.device, what.device_sequence);
}

expected<void> library_sequencer::add_own(std::span<const operation> list) {
  store_.set_draft(&draft_);
  return store_.attempt([&]() -> expected<void> {
    for (const auto& what : list)
      add_change(what, store_.index.find(what.model, what.record));
    draft_.close_transaction();
    return {};
  });
}

expected<void>
library_sequencer::add_proposals(std::span<const operation> list) {
  store_.set_draft(&draft_);
  for (const auto& what : list)
    if (what.device == store_.own)
      own_last_ = std::max(own_last_, what.device_sequence);
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
  refusals refused;
  while (true) {
    const auto taken_before = taken_;
    {
      savepoint whole{store_};
      auto more = try_transaction(list, refused);
      if (!more)
        return tl::make_unexpected(more.error());
      // Conflicts alone change no row, so they always fit.
      if (more->empty()
          && (refused.size() == list.size() || !store_.breaks_foreign_key())) {
        draft_.close_transaction();
        whole.release();
        return {};
      }
      if (more->empty())
        for (const auto& what : list)
          more->emplace(what.device_sequence,
                        "A row would refer to one that is not there.");
      refused.merge(*more);
    }
    draft_.abandon_transaction();
    taken_ = taken_before;
  }
}

expected<library_sequencer::refusals>
library_sequencer::try_transaction(std::span<const operation> list,
                                   const refusals& refused) {
  std::vector<operation> shown;
  for (const auto& what : list) {
    if (is_known(what))
      continue;
    if (auto decided = decide(what, refused, shown); !decided)
      return tl::make_unexpected(decided.error());
  }
  std::vector<wanted_row> rows;
  for (const auto& what : shown)
    rows.push_back(
      {what.model, what.record, what.change, what.data, standing::canonical});
  const auto noted = store_.changes.newest_note();
  refusals unfit;
  for (const auto& row : show_together(store_, rows))
    unfit.emplace(shown[row.index].device_sequence, row.why.message);
  if (unfit.empty())
    if (auto added = add_dragged_along(shown, noted); !added)
      return tl::make_unexpected(added.error());
  return unfit;
}

expected<void>
library_sequencer::add_dragged_along(const std::vector<operation>& shown,
                                     std::int64_t noted) {
  std::set<record_key> named;
  for (const auto& what : shown)
    named.emplace(what.model, what.record);
  auto touched = store_.changes.drain(store_.limits.entry_bytes_limit, noted);
  if (!touched)
    return tl::make_unexpected(touched.error());
  for (auto& what : *touched) {
    if (named.contains({what.model, what.record}))
      continue;
    what.device = store_.own;
    what.device_sequence = next_own();
    what.timestamp = now_();
    add_change(what, store_.index.find(what.model, what.record));
  }
  return {};
}

device_sequence_number library_sequencer::next_own() {
  return std::max({store_.next_device_sequence(), taken_.last(store_.own) + 1,
                   own_last_ + 1});
}

expected<record_standing>
library_sequencer::standing_of(const operation& what,
                               std::optional<entry>& latest) {
  const auto state = store_.index.find(what.model, what.record);
  record_standing standing{state.version, state.deleted, {}, {}, {}};
  if (!state.version)
    return standing;
  auto found = store_.entry_at(state.latest);
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

expected<void> library_sequencer::decide(const operation& what,
                                         const refusals& refused,
                                         std::vector<operation>& shown) {
  std::optional<entry> latest;
  auto standing = standing_of(what, latest);
  if (!standing)
    return tl::make_unexpected(standing.error());
  const auto winner = latest ? side_of(*latest) : conflict_side{};
  if (auto found = refused.find(what.device_sequence); found != refused.end()) {
    add_conflict(what, conflict_kind::constraint, found->second, winner);
    return {};
  }
  const auto outcome = last_writer_wins(what, *standing);
  if (outcome == verdict::loses && !(latest && is_same_wish(*latest, what))) {
    add_conflict(what, conflict_kind::concurrent,
                 "Another device changed the record at the same time.", winner);
    return {};
  }
  auto placed = what;
  if (const auto* schema = store_.tables.by_model(what.model);
      schema != nullptr && what.change != change_type::remove)
    placed.data = store_.rows.with_number(*schema, what.record, what.data);
  add_change(placed, store_.index.find(what.model, what.record));
  if (outcome == verdict::wins && latest && !is_same_wish(*latest, placed))
    add_displaced(*latest, placed);
  shown.push_back(std::move(placed));
  return {};
}

void library_sequencer::add_change(const operation& what,
                                   const record_state& before) {
  auto made = entry_of(what);
  made.version = before.version + 1;
  made.previous = before.latest;
  add_entry(std::move(made));
}

void library_sequencer::add_conflict(const operation& loser, conflict_kind kind,
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
  made.device_sequence = next_own();
  made.timestamp = now_();
  made.model = conflict_model;
  made.record = conflict_id_();
  made.change = change_type::insert;
  made.version = version_number{1};
  made.data
    = conflict_image(conflict_kind::concurrent, loser.model, loser.record,
                     "Another device changed the record at the same time.",
                     side_of(winner), side_of(loser));
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
