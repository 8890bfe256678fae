#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `library create`, `library list`, `track`, `status` and `leader`.
void add_libraries(commands& all);

} // namespace lockstep::cli
