#pragma once

#include "messages/forgotten_deletions.hpp"
#include "messages/operation.hpp"

#include <optional>

namespace lockstep {

// A deletion may leave a log once every member has it. Whoever fetches that log
// then never hears of it, which is right as long as it never hears of what was
// deleted either: it must not have that from another log.

/// What a log has forgotten, once it forgets the deletion that ends at
/// `deletion`, too.
forgotten_deletions forget(forgotten_deletions before,
                           const log_head& deletion);

/// What a log that ends at `end` has forgotten once it goes on with entries of
/// another one: that of `from`, where it is empty. Nothing where it cannot: the
/// other log may lack a deletion, after `end`, of a record that this one has.
std::optional<forgotten_deletions>
continued_with(const forgotten_deletions& own, sequence_number end,
               const forgotten_deletions& from);

/// The same once it goes on with all that there is, from now on: what it had
/// fetched only the beginning of ends there, as that of no other log.
forgotten_deletions continued_alone(const forgotten_deletions& own,
                                    sequence_number end);

/// Of a log that ends at `end`, and of which this cannot be read any more.
forgotten_deletions unknown_deletions(const log_head& end);

} // namespace lockstep
