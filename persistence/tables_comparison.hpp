#pragma once

#include "persistence/library_check.hpp"

#include <functional>

namespace lockstep {

/// How the tables of a library differ from its log, both of which are whole by
/// themselves, once the tables show all of the log and what other programs
/// wrote is captured, as far as it can be: that is no difference, but news. Not
/// compared where the log is not all here. `now` gives a reading of the
/// hybrid clock for each captured operation. Outside a transaction.
expected<tables_difference>
compare_with_log(library_store& store, const std::function<timestamp()>& now);

} // namespace lockstep
