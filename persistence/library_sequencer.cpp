#include "persistence/library_sequencer.hpp"

#include "persistence/draft_rows.hpp"
#include "persistence/queued_operations.hpp"
#include "persistence/rows_in_pieces.hpp"
#include "persistence/rows_together.hpp"
#include "persistence/uuid_v5.hpp"

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

/// The transaction, or the piece of one, that the list begins with.
std::span<const operation> first_run(std::span<const operation> list) {
  const auto& first = list.front();
  const auto end
    = std::find_if(list.begin(), list.end(), [&](const operation& what) {
        return what.device != first.device
               || what.transaction_end != first.transaction_end;
      });
  return list.first(static_cast<std::size_t>(end - list.begin()));
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

expected<void>
library_sequencer::keep(const std::vector<captured_change>& piece) {
  if (!taken_before_)
    taken_before_ = taken_;
  return store_.attempt([&]() -> expected<void> {
    for (const auto& one : piece)
      add_change(one.what, one.before);
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
  members_.reset();
  taken_ = *std::exchange(taken_before_, std::nullopt);
}

expected<void>
library_sequencer::add_proposal(device_id from, device_sequence_number follows,
                                std::span<const operation> list) {
  for (const auto& what : list)
    if (what.device == store_.own)
      own_last_ = std::max(own_last_, what.device_sequence);
  while (!list.empty()) {
    const auto run = first_run(list);
    list = list.subspan(run.size());
    const bool is_own = run.front().device == from;
    const bool is_piece
      = is_own
        && (follows || run.back().device_sequence < run.back().transaction_end);
    auto added = is_piece ? add_piece(from, follows, run)
                          : add_transaction(operation_span{run});
    if (!added)
      return added;
    if (is_own)
      follows = {};
  }
  return {};
}

expected<void> library_sequencer::add_piece(device_id from,
                                            device_sequence_number follows,
                                            std::span<const operation> piece) {
  return store_.attempt([&]() -> expected<void> {
    auto& queue = store_.proposed;
    if (store_.accepted.contains(from, piece.front().device_sequence))
      return {};
    if (!follows)
      queue.erase(from);
    else if (!queue.holds(from, follows))
      return fail(errc::log_conflict,
                  "The beginning of the proposed transaction is not here;"
                  " propose it again.");
    for (const auto& what : piece)
      queue.add(what);
    if (piece.back().device_sequence < piece.back().transaction_end)
      return {};
    auto added = add_transaction(queued_operations{queue, queue.of(from)});
    queue.erase(from);
    return added;
  });
}

expected<void> library_sequencer::add_transaction(const operation_list& list) {
  return store_.attempt([&]() -> expected<void> {
    refusals refused;
    while (true) {
      const auto taken_before = taken_;
      refusals more;
      merged_.clear();
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
      const auto known = refused.one_by_one.size();
      refused.one_by_one.merge(more.one_by_one);
      // Whatever it is, it would come again and again.
      if (!refused.all && refused.one_by_one.size() == known)
        refused.all = more.one_by_one.begin()->second;
      draft_.abandon_transaction();
      members_.reset();
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

expected<void> library_sequencer::add_nothing() {
  return store_.attempt([&]() -> expected<void> {
    operation made;
    made.model = conflict_model;
    made.record = make_uuid_v5(std::string{conflict_model} + " nothing "
                               + to_string(store_.own));
    made.change = change_type::remove;
    add_own(made, store_.index.find(made.model, made.record));
    draft_.close_transaction();
    return {};
  });
}

expected<void> library_sequencer::try_transaction(const operation_list& list,
                                                  const refusals& refused,
                                                  refusals& more) {
  // A row may want the number of one that goes, or gets another number.
  moving_.clear();
  freed_.clear();
  auto decided = list.for_each([&](const operation& what) -> expected<void> {
    const auto* schema = store_.tables.by_model(what.model);
    if (schema == nullptr || !schema->is_numbered()
        || schema->kind == key_kind::integer || is_known(what)
        || refused.find(what.device_sequence) != nullptr)
      return {};
    const bool goes = what.change == change_type::remove;
    if (!goes && !wants_number(*schema, what))
      return {};
    std::optional<entry> latest;
    return standing_of(what, latest).map([&](const record_standing& standing) {
      const auto outcome = last_writer_wins(what, standing);
      if (!goes && outcome == verdict::clean) {
        moving_.emplace(schema->id, what.record);
      } else if (goes && outcome != verdict::loses) {
        if (const auto number = store_.keys.number_of(*schema, what.record))
          freed_.emplace(schema->id, *number);
        store_.keys.kept.release(schema->id, what.record);
      }
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
    const auto& unshown = rows.entry_at(row.index);
    const auto merged = unshown.device == store_.own
                          ? merged_.find(unshown.device_sequence)
                          : merged_.end();
    unfit.one_by_one.emplace(merged == merged_.end() ? unshown.device_sequence
                                                     : merged->second,
                             row.why.message);
  }
}

expected<void> library_sequencer::add_dragged_along(std::int64_t noted) {
  const auto open_from = draft_.open_from();
  undo_triggers_of_transaction(store_, noted);
  auto add = [&](const std::vector<captured_change>& piece) -> expected<void> {
    for (auto [what, before] : piece) {
      // The transaction names it.
      if (!(before.latest < open_from))
        continue;
      const auto lost = store_.entry_at(before.latest);
      if (!lost)
        return tl::make_unexpected(lost.error());
      add_own(what, before);
      // Whoever deleted what it refers to had not seen it.
      if (what.change == change_type::remove && *lost) {
        what.device = store_.own;
        what.device_sequence = taken_.last(store_.own);
        what.timestamp = now_();
        what.base_version = {};
        add_own_conflict(what, side_of(what), side_of(**lost));
      }
    }
    return {};
  };
  return store_.changes.drain(store_.limits.entry_bytes_limit, noted, add);
}

device_sequence_number library_sequencer::next_own() {
  return std::max({store_.next_device_sequence(), taken_.last(store_.own) + 1,
                   own_last_ + 1});
}

void library_sequencer::add_own(operation what, const record_state& before) {
  what.device = store_.own;
  what.device_sequence = next_own();
  what.timestamp = now_();
  add_change(what, before);
}

void library_sequencer::add_change(const operation& what,
                                   const record_state& before) {
  auto made = entry_of(what);
  made.version = before.version + 1;
  made.previous = before.latest;
  add_entry(std::move(made));
}

void library_sequencer::add_entry(entry what) {
  taken_.insert(what.device, what.device_sequence);
  if (what.model == member_model)
    members_.reset();
  const bool deleted = what.change == change_type::remove;
  const auto model = what.model;
  const auto record = what.record;
  const auto version = what.version;
  const auto at = draft_.add(std::move(what));
  if (version == version_number{1} && !deleted)
    store_.index.store_first(model, record, at);
  else
    store_.index.store(model, record, {version, at, deleted});
}

} // namespace lockstep
