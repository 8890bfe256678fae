#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

void add_check(commands& all);

} // namespace lockstep::cli
