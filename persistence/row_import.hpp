#pragma once

#include "persistence/library_writer.hpp"

namespace lockstep {

/// What a table that is tracked from now on amounts to: records of its model
/// that the log knows already come into the table, pending ones on top, and the
/// rows that the log does not know become one transaction's operations.
expected<operation_range> import_rows(library_store& store,
                                      const tracked_table_schema& schema,
                                      library_writer& writer,
                                      operation_keeper& keeper);

} // namespace lockstep
