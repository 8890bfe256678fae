#include "persistence/tables_comparison.hpp"

#include "persistence/first_sync_mark.hpp"
#include "persistence/library_applier.hpp"
#include "persistence/library_writer.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/pending_keeper.hpp"

namespace lockstep {

namespace {

expected<bool> lacks_log(library_store& store) {
  return is_in_first_sync(store).and_then([&](bool waits) {
    return store.attempt(
      [&]() -> expected<bool> { return waits || store.is_fetching_anew(); });
  });
}

} // namespace

expected<tables_difference>
compare_with_log(library_store& store, const std::function<timestamp()>& now) {
  tables_difference found;
  const auto waits = lacks_log(store);
  if (!waits)
    return tl::make_unexpected(waits.error());
  found.compared = !*waits;
  if (*waits)
    return found;
  auto compared
    = library_applier{store, now}
        .catch_up(nullptr, [](const library_applier::chunk&) {})
        .and_then([&] {
          // Nobody else writes in between.
          return in_one_transaction(
            store, durability::by_itself, [&]() -> expected<void> {
              library_writer writer{store, now};
              pending_keeper keeper{store};
              // What cannot be captured waits, as while the library is open.
              if (auto captured = writer.captured(keeper);
                  !captured && !store.in_transaction())
                return tl::make_unexpected(captured.error());
              else if (!captured)
                return {};
              store.fill_new_columns();
              return find_difference(store).map(
                [&](tables_difference all) { found = std::move(all); });
            });
        });
  if (!compared)
    return tl::make_unexpected(compared.error());
  return found;
}

} // namespace lockstep
