#include "persistence/forgotten_numbers.hpp"

#include "persistence/one_transaction.hpp"

namespace lockstep {

expected<void> forget_numbers(library_store& store, timestamp now) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      store.set_numbers_above(device_sequence_number{now.unix_ms()});
      return {};
    });
}

expected<bool> may_lack_numbers(library_store& store, bool joined) {
  return store.attempt([&]() -> expected<bool> {
    if (store.numbers_above() || store.applied())
      return false;
    if (joined)
      return true;
    return store.log.latest_sequence().map(
      [](sequence_number end) { return end != sequence_number{}; });
  });
}

} // namespace lockstep
