#pragma once

#include "messages/library_repair.hpp"
#include "tests/simulation/world.hpp"

#include <string>

namespace lockstep::simulation {

/// What lockstep repair does to the files of a device that is down, with
/// --alone or without. A repair moves files, and below a memory disk there are
/// none: it gets copies.
expected<library_repair> repair(world& where, device& which, bool alone);

/// How a device that is down makes the application's tables; empty where that
/// cannot be read.
std::string application_schema(world& where, device& which);

} // namespace lockstep::simulation
