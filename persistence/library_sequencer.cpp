#include "persistence/library_sequencer.hpp"

#include "persistence/conflicting_images.hpp"
#include "persistence/draft_rows.hpp"
#include "persistence/model_policy.hpp"
#include "persistence/queued_operations.hpp"
#include "persistence/rows_in_pieces.hpp"
#include "persistence/rows_together.hpp"
#include "persistence/uuid_v5.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

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

constexpr std::string_view changed_meanwhile
  = "Another device changed the record at the same time.";

/// The conflict that keeps what a device's edits of a record lost, one upon the
/// other: its newest image, not one for each.
record_id conflict_of(const operation& loser) {
  return make_uuid_v5(std::string{conflict_model} + '\0' + loser.model + '\0'
                      + to_string(loser.record) + to_string(loser.device)
                      + to_string(loser.base_version));
}

/// Two devices made a record the same thing: neither loses anything.
bool is_same_wish(const entry& latest, const operation& what) {
  const bool both_remove = latest.change == change_type::remove
                           && what.change == change_type::remove;
  return both_remove
         || (latest.change != change_type::remove
             && what.change != change_type::remove && latest.data == what.data);
}

/// A row with a UUID may change its number like any other column; it goes there
/// with all that refers to it, if nobody has the number.
void move_to_wanted_number(library_store& store,
                           const tracked_table_schema& schema,
                           const operation& what) {
  if (schema.kind != key_kind::uuid || !schema.present
      || std::find(what.changed.begin(), what.changed.end(),
                   schema.number_in_image)
           == what.changed.end())
    return;
  const auto image = nlohmann::json::parse(what.data);
  const auto number = image.find(schema.number_in_image);
  if (number == image.end() || !number->is_number_integer())
    return;
  const auto wanted = number->get<std::int64_t>();
  if (store.keys.kept.record_at(schema.id, wanted))
    return;
  {
    auto row = store.statements.use("SELECT 1 FROM " + sql_name(schema.table)
                                    + " WHERE " + schema.number + " = ?");
    row->bind(1, wanted);
    if (row->executeStep())
      return;
  }
  store.rows.reserve(schema, what.record, image, standing::canonical);
}

} // namespace

bool library_sequencer::is_known(const operation& what) const {
  return store_.accepted.contains(what.device, what.device_sequence)
         || taken_.contains(what.device, what.device_sequence);
}

const std::string*
library_sequencer::refusals::find(device_sequence_number what) const {
  if (all)
    return &*all;
  const auto found = one_by_one.find(what);
  return found == one_by_one.end() ? nullptr : &found->second;
}

expected<void> library_sequencer::keep(const std::vector<operation>& piece) {
  if (!taken_before_)
    taken_before_ = taken_;
  return store_.attempt([&]() -> expected<void> {
    for (const auto& what : piece)
      add_change(what, store_.index.find(what.model, what.record));
    return {};
  });
}

expected<void> library_sequencer::close(operation_range) {
  return store_.attempt([&]() -> expected<void> {
    draft_.close_transaction();
    taken_before_.reset();
    return {};
  });
}

void library_sequencer::abandon() {
  if (!taken_before_)
    return;
  draft_.abandon_transaction();
  taken_ = *std::exchange(taken_before_, std::nullopt);
}

expected<void>
library_sequencer::add_proposals(std::span<const operation> list) {
  for (const auto& what : list)
    if (what.device == store_.own)
      own_last_ = std::max(own_last_, what.device_sequence);
  while (!list.empty()) {
    const auto& first = list.front();
    const auto end
      = std::find_if(list.begin(), list.end(), [&](const operation& what) {
          return what.device != first.device
                 || what.transaction_end != first.transaction_end;
        });
    const auto size = static_cast<std::size_t>(end - list.begin());
    if (auto added = add_transaction(operation_span{list.first(size)}); !added)
      return added;
    list = list.subspan(size);
  }
  return {};
}

expected<void> library_sequencer::add_transaction(const operation_list& list) {
  return store_.attempt([&]() -> expected<void> {
    refusals refused;
    while (true) {
      const auto taken_before = taken_;
      refusals more;
      {
        savepoint whole{store_};
        if (auto tried = try_transaction(list, refused, more); !tried)
          return tried;
        // Conflicts alone change no row, so they always fit.
        if (more.one_by_one.empty()
            && (refused.all || refused.one_by_one.size() == list.size()
                || !store_.breaks_foreign_key())) {
          draft_.close_transaction();
          whole.release();
          return {};
        }
      }
      if (more.one_by_one.empty())
        refused.all = "A row would refer to one that is not there.";
      refused.one_by_one.merge(more.one_by_one);
      draft_.abandon_transaction();
      taken_ = taken_before;
    }
  });
}

expected<void> library_sequencer::add_all(pending_queue& queue) {
  return store_.attempt([&]() -> expected<void> {
    own_last_ = std::max(own_last_, queue.of(store_.own).numbers.last);
    for (const auto& which : queue.transactions())
      if (auto added = add_transaction(queued_operations{queue, which}); !added)
        return added;
    queue.clear();
    return {};
  });
}

expected<void> library_sequencer::add_all_of(device_id device,
                                             pending_queue& queue) {
  return store_.attempt([&]() -> expected<void> {
    auto added = add_transaction(queued_operations{queue, queue.of(device)});
    queue.erase(device);
    return added;
  });
}

expected<void> library_sequencer::try_transaction(const operation_list& list,
                                                  const refusals& refused,
                                                  refusals& more) {
  // A new row may want the number of one that goes.
  auto decided = list.for_each([&](const operation& what) -> expected<void> {
    const auto* schema = store_.tables.by_model(what.model);
    if (schema == nullptr || !schema->is_numbered()
        || schema->kind == key_kind::integer
        || what.change != change_type::remove || is_known(what)
        || refused.find(what.device_sequence) != nullptr)
      return {};
    std::optional<entry> latest;
    return standing_of(what, latest).map([&](const record_standing& standing) {
      if (last_writer_wins(what, standing) != verdict::loses)
        store_.keys.kept.release(schema->id, what.record);
    });
  });
  if (!decided)
    return decided;
  decided = list.for_each([&](const operation& what) -> expected<void> {
    return is_known(what) ? expected<void>{} : decide(what, refused);
  });
  if (!decided)
    return decided;
  const auto noted = store_.changes.newest_note();
  show_open(more);
  return more.one_by_one.empty() ? add_dragged_along(noted) : expected<void>{};
}

void library_sequencer::show_open(refusals& unfit) {
  // What this device itself adds are conflicts, which no table shows.
  const draft_rows rows{store_, draft_};
  for (const auto& row : rows.are_few() ? show_together(store_, rows.all())
                                        : show_in_pieces(store_, rows)) {
    unfit.one_by_one.emplace(rows.entry_at(row.index).device_sequence,
                             row.why.message);
  }
}

expected<void> library_sequencer::add_dragged_along(std::int64_t noted) {
  const auto open_from = draft_.open_from();
  auto add = [&](const std::vector<operation>& piece) -> expected<void> {
    for (auto what : piece) {
      const auto before = store_.index.find(what.model, what.record);
      // The transaction names it.
      if (!(before.latest < open_from))
        continue;
      what.device = store_.own;
      what.device_sequence = next_own();
      what.timestamp = now_();
      add_change(what, before);
    }
    return {};
  };
  return store_.changes.drain(store_.limits.entry_bytes_limit, noted, add);
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
                                         const refusals& refused) {
  std::optional<entry> latest;
  auto standing = standing_of(what, latest);
  if (!standing)
    return tl::make_unexpected(standing.error());
  const auto winner = latest ? side_of(*latest) : conflict_side{};
  if (const auto* why = refused.find(what.device_sequence)) {
    add_conflict(what, conflict_kind::constraint, *why, winner);
    return {};
  }
  resolution outcome;
  auto placed = what;
  try {
    outcome = resolve_now(what, *standing, latest);
    if (!outcome.applies && !(latest && is_same_wish(*latest, what))) {
      add_conflict(what, conflict_kind::concurrent, changed_meanwhile, winner);
      return {};
    }
    if (outcome.merged)
      placed.data = *outcome.merged;
    if (const auto* schema = store_.tables.by_model(what.model);
        schema != nullptr && what.change != change_type::remove) {
      move_to_wanted_number(store_, *schema, placed);
      placed.data = store_.rows.with_number(*schema, what.record, placed.data);
    }
  } catch (const nlohmann::json::exception&) {
    add_conflict(what, conflict_kind::constraint, "Its image is not valid JSON.",
                 winner);
    return {};
  }
  const bool agree = latest && is_same_wish(*latest, placed);
  add_change(placed, store_.index.find(what.model, what.record));
  if (outcome.lost == resolution::loss::of_newest && latest && !agree)
    add_own_conflict(placed, side_of(placed), side_of(*latest));
  else if (outcome.lost == resolution::loss::of_operation && !agree)
    add_own_conflict(what, winner, side_of(what));
  if (what.base_operation && !outcome.merged)
    end_conflict_of(what);
  return {};
}

resolution library_sequencer::resolve_now(const operation& what,
                                          const record_standing& record,
                                          const std::optional<entry>& latest) {
  // What becomes of a conflict is no conflict.
  if (what.model == conflict_model)
    return {};
  // Most operations need no policy.
  const bool plain = !latest
                     || (last_writer_wins(what, record) == verdict::clean
                         && !what.base_operation);
  return resolve(plain ? conflict_policy::last_writer_wins
                       : policy_of(store_, what.model),
                 what, record,
                 [&] { return conflicting_images(store_, what, *latest); });
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
  made.record = conflict_of(loser);
  const auto before = store_.index.find(conflict_model, made.record);
  made.change = before.version && !before.deleted ? change_type::update
                                                  : change_type::insert;
  made.version = before.version + 1;
  made.previous = before.latest;
  add_entry(std::move(made));
}

void library_sequencer::end_conflict_of(const operation& successor) {
  const auto record = conflict_of(successor);
  const auto before = store_.index.find(conflict_model, record);
  if (!before.version || before.deleted)
    return;
  operation over;
  over.model = conflict_model;
  over.record = record;
  over.change = change_type::remove;
  over.device = store_.own;
  over.device_sequence = next_own();
  over.timestamp = now_();
  add_change(over, before);
}

void library_sequencer::add_own_conflict(const operation& about,
                                         const conflict_side& winner,
                                         const conflict_side& loser) {
  operation made;
  made.device = store_.own;
  made.device_sequence = next_own();
  made.timestamp = now_();
  made.model = conflict_model;
  made.record = conflict_id_();
  made.change = change_type::insert;
  made.data = conflict_image(conflict_kind::concurrent, about.model,
                             about.record, changed_meanwhile, winner, loser);
  add_change(made, {});
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
