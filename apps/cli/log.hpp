#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `log` and `history`: what the log of a library holds.
void add_log(commands& all);

} // namespace lockstep::cli
