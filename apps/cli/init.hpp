#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `init`: makes the device.
void add_init(commands& all);

} // namespace lockstep::cli
