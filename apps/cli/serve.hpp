#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

void add_serve(commands& all);

} // namespace lockstep::cli
