#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `invite` and `join`.
void add_pairing(commands& all);

} // namespace lockstep::cli
