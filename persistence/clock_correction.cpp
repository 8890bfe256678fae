#include "persistence/clock_correction.hpp"

#include "persistence/one_transaction.hpp"

namespace lockstep {

std::chrono::milliseconds clock_correction(library_store& store) {
  const auto kept = store.attempt([&]() -> expected<std::int64_t> {
    auto row = store.statements.use("SELECT clock_correction FROM"
                                    " lockstep_state");
    row->executeStep();
    return row->getColumn(0).getInt64();
  });
  return std::chrono::milliseconds{kept.value_or(0)};
}

expected<void> correct_clock(library_store& store,
                             std::chrono::milliseconds correction,
                             device_sequence_number stamped_well,
                             std::chrono::milliseconds by) {
  // No log brings it back.
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      auto row = store.statements.use("UPDATE lockstep_state SET"
                                      " clock_correction = ?");
      row->bind(1, std::int64_t{correction.count()});
      row->exec();
      store.pending.move_times(store.own, stamped_well, by);
      return {};
    });
}

} // namespace lockstep
