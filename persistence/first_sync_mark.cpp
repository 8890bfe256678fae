#include "persistence/first_sync_mark.hpp"

#include "persistence/one_transaction.hpp"

namespace lockstep {

namespace {

/// In lockstep_state: 0 before, 2 once it is over.
constexpr int under_way = 1;

} // namespace

expected<bool> is_in_first_sync(library_store& store) {
  return store.attempt([&]() -> expected<bool> {
    auto row = store.statements.use("SELECT first_sync FROM lockstep_state");
    return row->executeStep() && row->getColumn(0).getInt() == under_way;
  });
}

expected<void> begin_first_sync(library_store& store) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      // Once over, it is over, also where all of the log is given back later.
      store.statements
        .use("UPDATE lockstep_state SET first_sync = 1 WHERE first_sync = 0")
        ->exec();
      return {};
    });
}

expected<void> begin_first_sync_again(library_store& store) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      store.statements.use("UPDATE lockstep_state SET first_sync = 1")->exec();
      return {};
    });
}

} // namespace lockstep
