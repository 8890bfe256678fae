#pragma once

#include "messages/library_repair.hpp"
#include "tests/simulation/world.hpp"

namespace lockstep::simulation {

/// What lockstep repair does to the files of a device that is down. A repair
/// moves files, and below a memory disk there are none: it gets copies.
expected<library_repair> repair(world& where, device& which);

} // namespace lockstep::simulation
