#pragma once

#include "messages/clock.hpp"
#include "persistence/library_store.hpp"

namespace lockstep {

/// Notes that a device may have given its operations numbers of which its files
/// say nothing any more, while others may still bring what has them: a file was
/// lost, or it was a member once and joins again. From now on its numbers
/// follow on 1024 times the milliseconds of `now`, and so on any that it can
/// have given before; where the clock was set back, on what is known of them,
/// at a distance. On the disk once this returns.
expected<void> forget_numbers(library_store& store, timestamp now);

/// Whoever forgot numbers forgot what it claimed, too: its next claims are above
/// this term, which rises with the time, by one in about a second.
term_number claimed_before(const library_store& store);

/// Keeps the distance from a number of its earlier life that comes to light and
/// is higher: there may be more. In a transaction.
void leap_over(library_store& store, device_sequence_number forgotten,
               timestamp now);

/// Whether nothing of this was noted and there is reason to: the tables hold
/// nothing of a log that was there before them, or that comes from others.
expected<bool> may_lack_numbers(library_store& store, bool joined);

} // namespace lockstep
