#include "persistence/conflicting_images.hpp"
#include "persistence/library_sequencer.hpp"
#include "persistence/model_policy.hpp"
#include "persistence/uuid_v5.hpp"
#include "protocol/operation_reference.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

// What becomes of an operation that gets its place.
namespace lockstep {

namespace {

constexpr std::string_view no_member
  = "The device that wrote it is no member, or not any more.";
constexpr std::string_view changed_meanwhile
  = "Another device changed the record at the same time.";

/// The conflict that keeps what a device's edits of a record lost, one upon the
/// other: its newest image, not one for each.
record_id conflict_of_chain(const operation& loser) {
  return make_uuid_v5(std::string{conflict_model} + '\0' + loser.model + '\0'
                      + to_string(loser.record) + to_string(loser.device)
                      + to_string(loser.base_version));
}

/// The conflict of one edit, where that of the chain keeps something else.
record_id conflict_of_edit(const operation& loser,
                           device_sequence_number edit) {
  return make_uuid_v5(std::string{conflict_model} + '\0' + loser.model + '\0'
                      + to_string(loser.record) + to_string(loser.device) + '#'
                      + to_string(edit));
}

/// What an open conflict keeps, where that is the very edit that this one
/// builds on.
std::optional<entry> kept_base(library_store& store,
                               const record_state& conflict,
                               const operation& what) {
  if (!conflict.version || conflict.deleted)
    return std::nullopt;
  auto newest = store.entry_at(conflict.latest);
  if (!newest || !*newest || (*newest)->device != what.device
      || (*newest)->device_sequence != what.base_operation)
    return std::nullopt;
  return std::move(*newest);
}

bool keeps_base_of(library_store& store, const record_state& conflict,
                   const operation& what) {
  return kept_base(store, conflict, what).has_value();
}

/// Whether the edit that this one builds on was refused for other reasons than
/// what became of its record.
bool was_refused(library_store& store, const operation& what) {
  for (const auto conflict :
       {conflict_of_chain(what), conflict_of_edit(what, what.base_operation)})
    if (const auto kept
        = kept_base(store, store.index.find(conflict_model, conflict), what))
      return nlohmann::json::parse(kept->data).value("kind", "")
             != to_string(conflict_kind::concurrent);
  return false;
}

/// What puts an end to a conflict.
operation end_of(record_id conflict) {
  operation over;
  over.model = conflict_model;
  over.record = conflict;
  over.change = change_type::remove;
  return over;
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

expected<record_standing>
library_sequencer::forgotten_standing(const operation& what) {
  record_standing standing;
  if (what.change != change_type::update)
    return standing;
  // Who updates a record has seen it, and it was in this log: what the update
  // is built on is not on its way any more, and was not refused.
  const auto base = what.base_operation;
  const bool is_own = base && !is_mark(base);
  const bool has_come = store_.accepted.contains(what.device, base)
                        || taken_.contains(what.device, base);
  const bool was_here = is_own ? has_come && !was_refused(store_, what)
                               : base || what.base_version;
  if (!was_here)
    return standing;
  return store_.log.forgotten().map([&](const forgotten_deletions& all) {
    standing.deleted = bool{all.through};
    return standing;
  });
}

bool library_sequencer::may_have_forgotten(const operation& what,
                                           const entry& deletion) const {
  return what.change == change_type::insert && !what.base_version
         && !what.base_operation && deletion.change == change_type::remove
         && deletion.sequence <= forgettable_.through
         && deletion.timestamp < forgettable_.before;
}

expected<record_standing>
library_sequencer::standing_of(const operation& what,
                               std::optional<entry>& latest) {
  const auto state = store_.index.find(what.model, what.record);
  record_standing standing{state.version, state.deleted, {}, {}, {}};
  if (!state.version)
    return forgotten_standing(what);
  auto found = store_.entry_at(state.latest);
  if (!found)
    return tl::make_unexpected(found.error());
  latest = std::move(*found);
  if (!latest && state.deleted)
    return forgotten_standing(what);
  if (latest && may_have_forgotten(what, *latest)) {
    latest.reset();
    return record_standing{};
  }
  if (latest) {
    standing.timestamp = latest->timestamp;
    standing.device = latest->device;
    standing.device_sequence = latest->device_sequence;
  }
  return standing;
}

expected<bool> library_sequencer::takes_part(device_id device) {
  if (device == store_.own)
    return true;
  if (!members_) {
    auto list = store_.members();
    if (!list)
      return tl::make_unexpected(list.error());
    members_.emplace();
    for (const auto& one : *list)
      members_->emplace(one.device, one.removed);
  }
  const auto found = members_->find(device);
  return found == members_->end() ? members_->empty() : !found->second;
}

expected<void> library_sequencer::decide(const operation& what,
                                         const refusals& refused) {
  std::optional<entry> latest;
  auto standing = standing_of(what, latest);
  if (!standing)
    return tl::make_unexpected(standing.error());
  auto winner = latest ? side_of(*latest) : conflict_side{};
  if (!latest && standing->deleted)
    winner.change = change_type::remove;
  const auto is_in = takes_part(what.device);
  if (!is_in)
    return tl::make_unexpected(is_in.error());
  if (!*is_in) {
    add_conflict(what, conflict_kind::membership, no_member, winner);
    return {};
  }
  if (const auto* why = refused.find(what.device_sequence)) {
    add_conflict(what, conflict_kind::constraint, *why, winner);
    return {};
  }
  resolution outcome;
  auto written = what;
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
      move_to_wanted_number(*schema, placed);
      placed.data = store_.rows.with_number(*schema, what.record, placed.data);
      written.data
        = store_.rows.with_number(*schema, what.record, written.data);
      moving_.erase({schema->id, what.record});
    }
  } catch (const nlohmann::json::exception&) {
    add_conflict(what, conflict_kind::constraint,
                 "Its image is not valid JSON.", winner);
    return {};
  }
  const bool agree = latest && is_same_wish(*latest, placed);
  if (outcome.merged)
    add_merged(written, placed, latest->timestamp);
  else
    add_change(placed, store_.index.find(what.model, what.record));
  if (outcome.lost == resolution::loss::of_newest && latest && !agree)
    add_own_conflict(placed, side_of(placed), side_of(*latest));
  else if (outcome.lost == resolution::loss::of_operation && !agree)
    add_own_conflict(what, winner, side_of(what));
  if (what.base_operation && !outcome.merged)
    end_conflict_of(what);
  end_conflicts_that_keep(placed);
  return {};
}

bool library_sequencer::wants_number(const tracked_table_schema& schema,
                                     const operation& what) {
  return schema.kind == key_kind::uuid
         && std::find(what.changed.begin(), what.changed.end(),
                      schema.number_in_image)
              != what.changed.end();
}

/// A row with a UUID may change its number like any other column; it goes there
/// with all that refers to it, if nobody has the number, or whoever has it gets
/// another one in the same transaction.
void library_sequencer::move_to_wanted_number(
  const tracked_table_schema& schema, const operation& what) {
  const bool is_new = what.change == change_type::insert;
  if (!schema.present || schema.kind != key_kind::uuid
      || !(is_new || wants_number(schema, what)))
    return;
  const auto image = nlohmann::json::parse(what.data);
  const auto number = image.find(schema.number_in_image);
  if (number == image.end() || !number->is_number_integer())
    return;
  const auto wanted = number->get<std::int64_t>();
  const auto owner = store_.keys.kept.record_at(schema.id, wanted);
  const bool is_free = owner ? moving_.contains({schema.id, *owner})
                             : !is_new
                                 && (freed_.contains({schema.id, wanted})
                                     || !store_.keys.has_row(schema, wanted));
  if (!is_free)
    return;
  store_.rows.reserve(schema, what.record, image, standing::canonical);
}

resolution library_sequencer::resolve_now(const operation& what,
                                          const record_standing& record,
                                          const std::optional<entry>& latest) {
  // What becomes of a conflict is no conflict.
  if (what.model == conflict_model)
    return {};
  auto policy = [&] {
    return latest ? policy_of(store_, what.model)
                  : conflict_policy::last_writer_wins;
  };
  merge_function host;
  if (merges_ != nullptr)
    if (const auto found = merges_->find(what.model); found != merges_->end())
      host = [&, merge = &found->second](const concurrent_images& images) {
        return merged_by_host(*merge, what.model, images);
      };
  auto seen = what;
  if (latest && what.base_operation) {
    seen.base_version = version_seen(store_, what, *latest);
    // Another leader merged the same and came to the same.
    if (seen.base_version == latest->version
        && what.base_version < latest->version
        && !is_built_on(what, latest->device, latest->device_sequence))
      seen.base_operation = {};
  }
  auto images = [&] {
    return conflicting_images(store_, seen, *latest);
  };
  return resolve(policy, seen, record, images, host ? &host : nullptr);
}

/// First the operation as its writer has it, then what became of it: whatever
/// builds on it has not seen what it was merged with.
void library_sequencer::add_merged(const operation& what,
                                   const operation& merged, timestamp newest) {
  add_change(what, store_.index.find(what.model, what.record));
  auto made = merged;
  made.device = store_.own;
  made.device_sequence = next_own();
  merged_[made.device_sequence] = what.device_sequence;
  made.change = change_type::update;
  // Nothing in it is newer than that.
  made.timestamp = std::max(what.timestamp, newest);
  add_change(made, store_.index.find(what.model, what.record));
}

std::optional<std::string>
library_sequencer::merged_by_host(const merge_function& merge,
                                  std::string_view model,
                                  const concurrent_images& images) {
  auto merged = merge(images);
  const auto* schema = store_.tables.by_model(model);
  if (!merged || schema == nullptr)
    return merged;
  // With another key it would be another record.
  const auto image = nlohmann::json::parse(*merged);
  const auto newest = nlohmann::json::parse(images.newest);
  for (const auto& [column, value] : newest.items())
    if ((schema->is_key(column) || column == schema->number_in_image)
        && image.value(column, nlohmann::json{}) != value)
      return std::nullopt;
  return merged;
}

void library_sequencer::add_conflict(const operation& loser, conflict_kind kind,
                                     std::string_view reason,
                                     const conflict_side& winner) {
  auto made = loser;
  made.model = conflict_model;
  made.record = conflict_of(loser);
  const auto before = store_.index.find(conflict_model, made.record);
  made.change = before.version && !before.deleted ? change_type::update
                                                  : change_type::insert;
  made.data = conflict_image(kind, loser.model, loser.record, reason, winner,
                             side_of(loser));
  add_change(made, before);
  conflicts_.add({loser.model, loser.record}, made.record);
}

/// With the one that it builds on, or with what says the same.
record_id library_sequencer::conflict_of(const operation& loser) {
  for (const auto& [conflict, device] :
       conflicts_.that_keep({loser.model, loser.record}, loser.data))
    if (device == loser.device)
      return conflict;
  const auto of_chain = conflict_of_chain(loser);
  const auto before = store_.index.find(conflict_model, of_chain);
  return !before.version || keeps_base_of(store_, before, loser)
           ? of_chain
           : conflict_of_edit(loser, loser.device_sequence);
}

void library_sequencer::end_conflicts_that_keep(const operation& placed) {
  if (placed.model == conflict_model || placed.change == change_type::remove)
    return;
  for (const auto& [conflict, device] :
       conflicts_.that_keep({placed.model, placed.record}, placed.data))
    add_own(end_of(conflict), store_.index.find(conflict_model, conflict));
}

void library_sequencer::end_conflict_of(const operation& successor) {
  const auto conflict = conflict_of_chain(successor);
  const auto before = store_.index.find(conflict_model, conflict);
  if (keeps_base_of(store_, before, successor))
    add_own(end_of(conflict), before);
}

void library_sequencer::add_own_conflict(const operation& about,
                                         const conflict_side& winner,
                                         const conflict_side& loser) {
  operation made;
  made.model = conflict_model;
  made.record = conflict_id_();
  made.change = change_type::insert;
  made.data = conflict_image(conflict_kind::concurrent, about.model,
                             about.record, changed_meanwhile, winner, loser);
  conflicts_.add({about.model, about.record}, made.record);
  add_own(std::move(made), {});
}

} // namespace lockstep
