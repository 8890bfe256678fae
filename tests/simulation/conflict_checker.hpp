#pragma once

#include "messages/operation.hpp"
#include "tests/simulation/verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace lockstep::simulation {

/// P3 for what `page_edits` wrote, by a whole log. It knows nothing of bases,
/// versions, times and policies: a text that nobody who had seen it wrote over
/// or deleted must stand in a row or in a conflict that is open. And no open
/// conflict keeps what another one keeps, or what stands in the row.
///
/// Adds to `counts` what came up.
void check_conflicts(const std::vector<entry>& log, verdict& result,
                     std::map<std::string, std::uint64_t>& counts);

/// The records of conflicts that are open at the end of a log.
std::set<record_id> open_conflicts(const std::vector<entry>& log);

} // namespace lockstep::simulation
