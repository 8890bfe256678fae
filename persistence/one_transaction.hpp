#pragma once

#include "persistence/library_store.hpp"

#include <concepts>

namespace lockstep {

/// Runs `action`, which answers expected<void>, in a transaction of its own:
/// committed when it succeeds, taken back when it fails or throws.
template <std::invocable F>
expected<void> in_one_transaction(library_store& store, durability needed,
                                  F action) {
  if (auto begun = store.begin(needed); !begun)
    return begun;
  auto done = store.attempt([&]() -> expected<void> {
    return action().and_then([&] { return store.commit(); });
  });
  if (!done)
    store.rollback();
  return done;
}

} // namespace lockstep
