#pragma once

#include "messages/library_report.hpp"
#include "persistence/library_store.hpp"

#include <string>
#include <vector>

namespace lockstep {

/// Examines the files of a library: SQLite's own checks; that the log is in
/// order, its chain whole, each operation in it once (P3) and versions rise
/// (P6); and that the tables are what the log says (P5). What waits in the
/// pending queue or is set aside is left out. Reads the whole log; needs memory
/// for one entry. Outside a transaction. Errors: those of reading; `busy` where
/// rows that another program wrote meanwhile keep it from telling.
expected<library_report> check_library(library_store& store);

/// How tables are not what their log says.
struct tables_difference {
  /// The first difference, in a sentence; empty where there is none.
  std::string first;
  /// Rows of which the log knows nothing, a sentence for each table. They may
  /// be somebody's, written while no trigger looked.
  std::vector<std::string> unknown;
  /// Whether anybody looked: not where the log is not all here.
  bool compared = true;
};

/// The same comparison of the tables, and of what is known of records beside
/// them, alone. Within a transaction.
expected<tables_difference> find_difference(library_store& store);

} // namespace lockstep
