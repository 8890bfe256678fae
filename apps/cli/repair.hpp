#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `repair`.
void add_repair(commands& all);

} // namespace lockstep::cli
