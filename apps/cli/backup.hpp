#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

void add_backup(commands& all);

} // namespace lockstep::cli
