#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `index`, which the demo needs of a daemon; not among the commands that
/// --help shows.
void add_index(commands& all);

} // namespace lockstep::cli
