#include "persistence/forgotten_numbers.hpp"

#include "persistence/one_transaction.hpp"
#include "protocol/begin_apart.hpp"

#include <algorithm>

namespace lockstep {

namespace {

/// So many numbers begin with each millisecond, more than anybody makes
/// operations in it.
constexpr int bits_of_millisecond = 10;

/// More than can have come after the newest number that is known.
constexpr std::uint64_t leap = std::uint64_t{1} << 32;

device_sequence_number beginning(device_sequence_number known, timestamp now) {
  const auto by_time = now.unix_ms() << bits_of_millisecond;
  return device_sequence_number{begin_apart(known.value, by_time, leap)};
}

} // namespace

expected<void> forget_numbers(library_store& store, timestamp now) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      const auto known
        = std::max({store.numbers_above(), store.accepted.last(store.own),
                    store.pending.last(store.own)});
      store.set_numbers_above(beginning(known, now));
      return {};
    });
}

term_number claimed_before(const library_store& store) {
  constexpr int bits_of_second = 10 + bits_of_millisecond;
  return term_number{store.numbers_above().value >> bits_of_second};
}

void leap_over(library_store& store, device_sequence_number forgotten,
               timestamp now) {
  if (store.numbers_above() && store.numbers_above() < forgotten)
    store.set_numbers_above(beginning(forgotten, now));
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
