#include "persistence/first_sync_mark.hpp"

#include "persistence/one_transaction.hpp"

namespace lockstep {

expected<bool> is_in_first_sync(library_store& store) {
  return store.attempt([&]() -> expected<bool> {
    auto row = store.statements.use("SELECT first_sync FROM lockstep_state");
    return row->executeStep() && row->getColumn(0).getInt() != 0;
  });
}

expected<void> begin_first_sync(library_store& store) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      store.statements.use("UPDATE lockstep_state SET first_sync = 1")->exec();
      return {};
    });
}

} // namespace lockstep
