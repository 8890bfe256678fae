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

} // namespace lockstep
