#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `man` and `completion`: both from what the other commands say of themselves.
void add_manual(commands& all);

} // namespace lockstep::cli
