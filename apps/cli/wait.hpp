#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

void add_wait(commands& all);

} // namespace lockstep::cli
