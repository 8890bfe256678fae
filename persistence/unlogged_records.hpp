#pragma once

#include "persistence/library_store.hpp"

#include <cstdint>
#include <vector>

namespace lockstep {

/// Has the tables follow a log that lost what came after `end`: what is known
/// of records is from there on what the log says, and records that are newer
/// are noted with their rows. Those stay as they are. The library is in its
/// first sync again, until `take_up_unlogged`. One transaction. Returns how
/// many are noted.
expected<std::uint64_t> forget_log_after(library_store& store,
                                         sequence_number end);

/// Once the log is here as far as others have it: noted records that none of
/// them has so new are shown again and noted as rows that a program has just
/// written, so that they are captured. What does not fit to what came
/// meanwhile, and what others made something else of, is proposed, so that it
/// becomes a conflict at least. Ends the first sync, in the same transaction.
/// Returns how many they are.
expected<std::uint64_t> take_up_unlogged(library_store& store);

/// Other members, of whom only that much is left: this device itself does not
/// lead before it has its log. For use within `attempt`.
std::vector<member> unlogged_members(library_store& store);

} // namespace lockstep
