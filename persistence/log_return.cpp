#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/returned_operations.hpp"

#include <stdexcept>
#include <utility>

// Entries become operations again where the log is cut.
namespace lockstep {

namespace {

/// The applied entries after `keep`, in order, a transaction at a time; of one
/// that was vacuumed in part, what is left. `action` may throw.
template <class Action>
expected<void> for_each_transaction(library_store& store, sequence_number keep,
                                    const Action& action) {
  std::vector<entry> transaction;
  const auto through = store.applied();
  for (auto cursor = keep; cursor < through;) {
    auto more = store.log.fetch_since(cursor, 1'000);
    if (!more)
      return tl::make_unexpected(more.error());
    if (more->empty())
      break;
    cursor = more->back().sequence;
    for (auto& what : *more) {
      if (through < what.sequence)
        break;
      if (!transaction.empty()
          && transaction.back().transaction_end != what.transaction_end) {
        action(transaction);
        transaction.clear();
      }
      transaction.push_back(std::move(what));
    }
  }
  if (!transaction.empty())
    action(transaction);
  return {};
}

/// Whether the log no longer holds an entry that one after `keep` names as its
/// record's last before it, or has forgotten a deletion after `keep`: nobody
/// could say what the record was then.
expected<bool> lacks_what_was(library_store& store, sequence_number keep) {
  const auto vacuumed = store.log.vacuumed_through();
  if (!vacuumed)
    return tl::make_unexpected(vacuumed.error());
  const auto forgotten = store.log.forgotten();
  if (!forgotten)
    return tl::make_unexpected(forgotten.error());
  bool lacks = keep < forgotten->through;
  if (!lacks && *vacuumed && keep)
    if (auto done = for_each_transaction(
          store, keep,
          [&](const std::vector<entry>& list) {
            for (const auto& what : list)
              if (!lacks && what.previous && !(*vacuumed < what.previous)) {
                const auto before = store.log.head_at(what.previous);
                if (!before)
                  throw std::runtime_error{before.error().message};
                lacks = !*before;
              }
          });
        !done)
      return tl::make_unexpected(done.error());
  return lacks;
}

/// Deletions that go from the log have ended no record's life.
expected<void> revive_bases(library_store& store, sequence_number keep) {
  if (store.pending.is_empty())
    return {};
  return for_each_transaction(store, keep, [&](const std::vector<entry>& list) {
    for (const auto& what : list)
      if (what.change == change_type::remove)
        store.pending.move_bases(what.model, what.record, mark_of_life(what),
                                 {});
  });
}

/// Makes proposals again of what came after `keep`, before all that is pending.
expected<void> return_operations(library_store& store, sequence_number keep) {
  if (auto revived = revive_bases(store, keep); !revived)
    return revived;
  returned_operations returned{store, keep};
  store.pending.for_each([&](operation what, std::int64_t place) {
    if (returned.rebase(what))
      store.pending.set_base(place, what);
  });
  // Where the log was vacuumed, some of the places stay free.
  auto place = store.pending.place_in_front(store.applied().value - keep.value);
  return for_each_transaction(store, keep,
                              [&](const std::vector<entry>& list) {
                                for (const auto& what : returned.of(list))
                                  store.pending.add_at(place++, what);
                              })
    .map([&] { store.pending.end_before_others(); });
}

/// Where a record stood by an entry of it, or before the first.
record_state state_at(library_store& store, sequence_number at) {
  if (!at)
    return {};
  const auto found = store.log.at(at);
  if (!found || !*found)
    throw std::runtime_error{"The log lacks entry " + to_string(at) + "."};
  const auto& what = **found;
  return {what.version, at, what.change == change_type::remove};
}

/// Each record stands again where the log that stays says.
expected<void> forget_after(library_store& store, sequence_number keep) {
  if (!keep)
    store.index.forget_deleted();
  return for_each_transaction(store, keep, [&](const std::vector<entry>& list) {
    for (const auto& what : list)
      if (!keep || !(keep < what.previous))
        store.index.store(what.model, what.record,
                          state_at(store, keep ? what.previous : keep));
  });
}

} // namespace

expected<sequence_number>
library_applier::give_back_after(sequence_number keep) {
  return store_.attempt([&]() -> expected<sequence_number> {
    // What a crash kept from the tables is an operation of somebody, too.
    if (auto caught_up = catch_up(nullptr, [](const chunk&) {}); !caught_up)
      return tl::make_unexpected(caught_up.error());
    if (!(keep < store_.applied()))
      return keep;
    const auto lacks = lacks_what_was(store_, keep);
    if (!lacks)
      return tl::make_unexpected(lacks.error());
    const auto stays = *lacks ? sequence_number{} : keep;
    auto given = in_one_transaction(
      store_, durability::by_itself, [&]() -> expected<void> {
        if (auto kept = keep_captured(); !kept)
          return kept;
        if (auto returned = return_operations(store_, stays); !returned)
          return returned;
        if (auto forgotten = forget_after(store_, stays); !forgotten)
          return forgotten;
        store_.set_applied(stays);
        if (!stays)
          store_.set_fetching_anew(true);
        return {};
      });
    return given.map([&] { return stays; });
  });
}

} // namespace lockstep
