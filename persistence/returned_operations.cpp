#include "persistence/returned_operations.hpp"

#include "messages/json_value.hpp"
#include "persistence/uuid_v5.hpp"
#include "protocol/conflict.hpp"
#include "protocol/operation_reference.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace lockstep {

namespace {

using json = nlohmann::json;

bool is(const std::optional<operation>& side, const operation& what) {
  return side && side->device == what.device
         && side->device_sequence == what.device_sequence;
}

/// What the leader had added by itself is decided anew. Its number is used up
/// all the same.
operation nothing_for(const entry& what) {
  auto made = operation_of(what);
  made.record
    = make_uuid_v5(std::string{conflict_model} + " nothing "
                   + to_string(what.device) + to_string(what.device_sequence));
  made.change = change_type::remove;
  made.base_version = {};
  made.data.clear();
  return made;
}

/// Of so many records it is remembered what they were before.
constexpr std::size_t most_beginnings = 50'000;

json parsed(const entry& what) {
  return json::parse(what.data, nullptr, false);
}

} // namespace

device_sequence_number mark_of_life(const entry& deletion) {
  return mark_of({}, deletion.device_sequence);
}

std::vector<taken_operation>
returned_operations::of(std::span<const entry> transaction) {
  list_.clear();
  for (const auto& what : transaction)
    add(what);
  for (auto& one : list_) {
    if (one.sequence)
      rebase(one.what, one.previous, one.sequence);
    else
      rebase(one.what);
    remember(one.what);
  }
  sort_by_device();
  std::vector<taken_operation> all;
  for (auto& one : list_)
    all.push_back({std::move(one.what), one.shown});
  for (auto i = all.size(); i-- > 0;) {
    auto& what = all[i].what;
    const bool continues
      = i + 1 < all.size() && all[i + 1].what.device == what.device;
    what.transaction_end
      = continues ? all[i + 1].what.transaction_end : what.device_sequence;
  }
  return all;
}

void returned_operations::add(const entry& what) {
  if (what.model == conflict_model && add_decision(what))
    return;
  if (auto* merged = merged_into(what)) {
    set_base_of_merged(*merged, what);
    add_nothing(what);
    return;
  }
  list_.push_back({operation_of(what), true, what.previous, what.sequence});
  auto& made = list_.back().what;
  made.changed = changed_by(what);
  // Nothing tells any more that the record was there before, and nobody else
  // may know of it.
  if (!keep_ && made.change == change_type::update && !at(what.previous))
    made.change = change_type::insert;
}

void returned_operations::add_nothing(const entry& what) {
  list_.push_back({nothing_for(what), true, {}, what.sequence, true});
}

/// The operation that the leader merged with what its writer had not seen, and
/// made this of; null where this one is an operation itself.
operation* returned_operations::merged_into(const entry& what) {
  if (list_.empty())
    return nullptr;
  auto& before = list_.back().what;
  return before.model == what.model && before.record == what.record ? &before
                                                                    : nullptr;
}

void returned_operations::set_base_of_merged(operation& what,
                                             const entry& merged) {
  // Who inserts a record has seen none of it.
  what.base_version = {};
  if (what.change == change_type::insert)
    return what.changed.clear();
  const auto written = at(merged.previous);
  auto base = written ? base_of_merged(store_, *written, merged, lookup())
                      : merge_base{};
  what.base_version = base.version;
  what.changed = std::move(base.changed);
  if (!base.version)
    build_on_unknown(what);
}

/// The columns that an update changed; none where that cannot be told.
std::vector<std::string>
returned_operations::changed_by(const entry& what) const {
  const auto now = parsed(what);
  const auto before = image_at(what.previous);
  if (!now.is_object() || !before.is_object())
    return {};
  return changed_columns(before, now);
}

/// A conflict that is no operation of its own; false where it is one.
bool returned_operations::add_decision(const entry& what) {
  if (what.change == change_type::remove) {
    if (!ends_conflict_of_last(what))
      return false;
    add_nothing(what);
    return true;
  }
  auto loser = loser_of(what.data);
  if (loser && is(loser, operation_of(what))) {
    list_.push_back({std::move(*loser), false, {}, {}});
    return true;
  }
  // It tells what that one was before it was decided.
  const auto winner = winner_of(what.data);
  for (auto i = list_.size(); i-- > 0;) {
    auto& [decided, shown, previous, sequence, is_nothing] = list_[i];
    if (!is(loser, decided) && !is(winner, decided))
      continue;
    const auto& before = is(loser, decided) ? *loser : *winner;
    decided.base_version = before.base_version;
    decided.base_operation = before.base_operation;
    decided.changed = before.changed;
    // Nobody could decide it anew where this alone still tells what lost.
    if (!is(loser, decided) && previous && !at(previous))
      return false;
    add_nothing(what);
    return true;
  }
  return false;
}

/// An edit that won put an end to what the one before it had lost, or to what
/// says the same. A person takes what lost by an edit of one's own.
bool returned_operations::ends_conflict_of_last(const entry& what) const {
  const auto last = std::ranges::find(list_.rbegin(), list_.rend(), false,
                                      &returned::is_nothing);
  if (last == list_.rend())
    return false;
  const auto kept = at(what.previous);
  // An open conflict too many is better than one too few.
  if (!kept)
    return true;
  const auto loser = loser_of(kept->data);
  const auto& decided = last->what;
  return loser && loser->record == decided.record
         && (what.device != decided.device
             || (loser->device == decided.device
                 && loser->data != decided.data));
}

/// The leader may have put conflicts of its own between a device's operations;
/// each device's come together again.
void returned_operations::sort_by_device() {
  std::ranges::stable_sort(list_, {},
                           [](const returned& one) { return one.what.device; });
}

bool returned_operations::rebase(operation& what) {
  if (!what.base_version)
    return false;
  return rebase(what, store_.index.find(what.model, what.record).latest, {});
}

/// The record's entries from `newest` back; `later` is the one after that.
bool returned_operations::rebase(operation& what, sequence_number newest,
                                 sequence_number later) {
  if (!what.base_version)
    return false;
  for (auto where = newest; keep_ < where;) {
    const auto found = at(where);
    if (!found)
      return build_on_vacuumed(what, later);
    if (!(what.base_version < found->version)) {
      if (found->version == what.base_version)
        build_on(what, *found);
      else
        build_on_unknown(what);
      return true;
    }
    later = where;
    where = found->previous;
  }
  return false;
}

bool returned_operations::build_on_vacuumed(operation& what,
                                            sequence_number later) {
  const auto next = at(later);
  const auto base = store_.log.vacuumed_base(later);
  if (next && next->version == what.base_version + 1 && base && *base) {
    const auto& [device, number] = **base;
    if (!what.base_operation)
      what.base_operation = reference_to(device, number, what.device);
    begin_at(what, **base, later);
  } else {
    build_on_unknown(what);
  }
  return true;
}

void returned_operations::build_on(operation& what, const entry& base) {
  if (!what.base_operation)
    what.base_operation = reference_to_entry(what, base, lookup());
  const auto written = written_of(base, lookup());
  const auto& maker = written ? *written : base;
  begin_at(what, {maker.device, maker.device_sequence}, base.sequence);
}

void returned_operations::begin_at(operation& what, const operation_name& base,
                                   sequence_number at) {
  const auto began = beginning_of({what.model, what.record}, at);
  what.base_version = began.version;
  // What that one won over, its writer had not seen, nor what it built on it.
  if (const auto seen = seen_.find({base.device, base.device_sequence});
      seen != seen_.end())
    what.base_version = std::min(began.version, seen->second);
  if (began.vacuumed)
    mark_base(what);
}

void returned_operations::remember(const operation& what) {
  if (seen_.size() >= most_beginnings)
    seen_.clear();
  seen_[{what.device, what.device_sequence}] = what.base_version;
}

/// Versions of two logs are not the same because their numbers are: it is based
/// on something that nobody has.
void returned_operations::build_on_unknown(operation& what) {
  if (what.base_operation)
    mark_base(what);
  else
    what.base_operation = mark_of(what.device, what.device_sequence);
}

/// Beside a number, the base version would count, which is another log's.
void returned_operations::mark_base(operation& what) {
  if (!is_mark(what.base_operation))
    what.base_operation = mark_of(what.device, what.base_operation);
}

/// `from` is any entry of the record that goes.
returned_operations::beginning
returned_operations::beginning_of(const record_key& record,
                                  sequence_number from) {
  if (const auto known = beginnings_.find(record); known != beginnings_.end())
    return known->second;
  beginning began;
  for (auto where = from; keep_ < where;) {
    const auto found = at(where);
    began.vacuumed = !found;
    if (!found)
      break;
    began.version = found->version - 1;
    where = found->previous;
  }
  if (beginnings_.size() >= most_beginnings)
    beginnings_.clear();
  beginnings_.emplace(record, began);
  return began;
}

entry_lookup returned_operations::lookup() const {
  return [this](sequence_number where) {
    return at(where);
  };
}

std::optional<entry> returned_operations::at(sequence_number where) const {
  if (!where)
    return std::nullopt;
  auto found = store_.log.at(where);
  if (!found)
    throw std::runtime_error{found.error().message};
  return std::move(*found);
}

json returned_operations::image_at(sequence_number where) const {
  const auto found = at(where);
  return found ? parsed(*found) : json{};
}

} // namespace lockstep
