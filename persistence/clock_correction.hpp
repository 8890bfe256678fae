#pragma once

#include "persistence/library_store.hpp"

#include <chrono>

/// How far the library's time is ahead of this device's wall clock
/// (protocol/library_clock).
namespace lockstep {

/// As it was kept last; zero where that cannot be read.
std::chrono::milliseconds clock_correction(library_store& store);

/// Keeps a new one, and moves the times of this device's pending operations
/// after `stamped_well` along. A transaction of its own.
expected<void> correct_clock(library_store& store,
                             std::chrono::milliseconds correction,
                             device_sequence_number stamped_well,
                             std::chrono::milliseconds by);

} // namespace lockstep
