#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// What the log says and the tables of this device cannot show.
void add_set_aside(commands& all);

} // namespace lockstep::cli
