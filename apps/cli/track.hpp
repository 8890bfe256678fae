#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `track`: starts syncing tables.
void add_track(commands& all);

} // namespace lockstep::cli
