#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"

#include <utility>

// Pending operations whose entries were vacuumed before they came here.
namespace lockstep {

expected<device_sequence_number> library_applier::first_reused_number() {
  // Those were in this device's own log: it has forgotten none of them.
  if (store_.is_fetching_anew())
    return device_sequence_number{};
  const auto newest
    = store_.log.made_at(store_.own, store_.accepted.last(store_.own));
  if (!newest)
    return tl::make_unexpected(newest.error());
  device_sequence_number first;
  if (!*newest)
    return first;
  store_.pending.for_each([&](const operation& what, std::int64_t) {
    if (what.device == store_.own && **newest < what.timestamp
        && store_.accepted.contains(what.device, what.device_sequence)
        && (!first || what.device_sequence < first))
      first = what.device_sequence;
  });
  return first;
}

expected<std::vector<device_sequence_number>>
library_applier::settle_vacuumed(bool is_whole) {
  std::vector<std::pair<device_id, device_sequence_number>> gone;
  std::vector<renumbering> renumbered;
  auto done = store_.attempt([&]() -> expected<void> {
    bool any = false;
    store_.pending.for_each([&](const operation& what, std::int64_t) {
      any = any || store_.accepted.contains(what.device, what.device_sequence);
    });
    const bool ends_fetch = is_whole && store_.is_fetching_anew();
    if (!any && !ends_fetch)
      return {};
    const auto reused
      = any ? first_reused_number() : expected<device_sequence_number>{};
    if (!reused)
      return tl::make_unexpected(reused.error());
    return in_one_transaction(
      store_, durability::with_log, [&]() -> expected<void> {
        if (auto kept = keep_captured(); !kept)
          return kept;
        if (ends_fetch)
          store_.set_fetching_anew(false);
        if (!any)
          return {};
        const auto noted = store_.changes.newest_note();
        store_.set_applying(true);
        undo_pending();
        if (*reused)
          renumbered.push_back(store_.pending.renumber(
            store_.own, *reused, store_.next_device_sequence()));
        store_.pending.for_each([&](const operation& what, std::int64_t) {
          if (store_.accepted.contains(what.device, what.device_sequence))
            gone.emplace_back(what.device, what.device_sequence);
        });
        for (const auto& [device, number] : gone)
          store_.pending.take(device, number);
        redo_pending();
        undo_triggers(store_, noted);
        store_.set_applying(false);
        return {};
      });
  });
  if (!done)
    return tl::make_unexpected(done.error());
  for (const auto& what : renumbered)
    if (on_renumbered_)
      on_renumbered_(what);
  std::vector<device_sequence_number> own;
  for (const auto& [device, number] : gone)
    if (device == store_.own)
      own.push_back(number);
  return own;
}

} // namespace lockstep
