#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// The command that removes old entries from a library's log.
void add_vacuum(commands& all);

} // namespace lockstep::cli
