#pragma once

#include "messages/operation.hpp"

#include <cstdint>

namespace lockstep {

/// The chain value of `what` when it follows an entry whose chain value is
/// `before` (0 for the first entry): XXH64 over `before` and every field of the
/// entry but `chain` itself.
/// Equal on every machine. Two logs with equal chain values at one sequence are
/// equal up to it.
std::uint64_t chain_of(std::uint64_t before, const entry& what);

} // namespace lockstep
