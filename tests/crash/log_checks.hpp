#pragma once

#include "tests/crash/crash_records.hpp"

#include <filesystem>
#include <vector>

/// What must be true of a library whatever process was killed over it. Each
/// check fails the running test with what it found.
namespace lockstep {

/// The whole log, which was never vacuumed.
std::vector<entry> read_log(library& from);

/// Sequences without gaps, the chain, each operation at most once, versions
/// that rise, records that point to their entry before, transactions with an
/// end, at which the records of each group are equal. Where a vacuum may have
/// forgotten deletions, a record may begin anew after one.
void check_log(const std::vector<entry>& log, bool may_forget = false);

/// Each acknowledged commit is in the log once and whole, with its value, or is
/// kept as a conflict where two devices write the record; a device's operations
/// on a record of its own stand in the order that it made them.
void check_acknowledged(const std::vector<entry>& log,
                        const std::vector<acknowledged>& list);

/// The table is what the log says.
void check_table(library& of, const std::vector<entry>& log);

/// Asks SQLite whether the files of every library below a data directory, whose
/// node is closed, are whole.
void check_files(const std::filesystem::path& directory);

} // namespace lockstep
