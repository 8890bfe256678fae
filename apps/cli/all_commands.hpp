#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

void add_all_commands(commands& all);

} // namespace lockstep::cli
