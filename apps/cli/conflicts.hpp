#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `conflicts` and `resolve`: what lost against something else.
void add_conflicts(commands& all);

} // namespace lockstep::cli
