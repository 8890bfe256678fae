#pragma once

#include "messages/clock.hpp"
#include "persistence/library_store.hpp"

namespace lockstep {

/// Notes that a device may have given its operations numbers of which its files
/// say nothing any more, while others may still bring what has them: a file was
/// lost, or it was a member once and joins again. From now on its numbers are
/// higher than the milliseconds of `now`, and so than any that it can have
/// given before, at one operation in a millisecond. On the disk once this
/// returns.
expected<void> forget_numbers(library_store& store, timestamp now);

/// Whether nothing of this was noted and there is reason to: the tables hold
/// nothing of a log that was there before them, or that comes from others.
expected<bool> may_lack_numbers(library_store& store, bool joined);

} // namespace lockstep
