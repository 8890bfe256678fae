#pragma once

#include "messages/library_report.hpp"
#include "persistence/library_store.hpp"

namespace lockstep {

/// Examines the files of a library: SQLite's own checks; that the log is in
/// order, its chain whole, each operation in it once (P3) and versions rise
/// (P6); and that the tables are what the log says (P5). What waits in the
/// pending queue or is set aside is left out. Reads the whole log; needs memory
/// for one entry. Outside a transaction. Errors: those of reading; `busy` where
/// rows that another program wrote meanwhile keep it from telling.
expected<library_report> check_library(library_store& store);

/// The first thing, in a sentence, in which the tables, or what is known of
/// records beside them, are not what the log says; empty where nothing is.
/// Rows of which the log knows nothing do not count: they may be somebody's,
/// written while no trigger looked. Else as above.
expected<std::string> find_difference(library_store& store);

} // namespace lockstep
