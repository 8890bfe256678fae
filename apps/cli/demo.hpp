#pragma once

#include "apps/cli/commands.hpp"

namespace lockstep::cli {

/// `demo [FOLDER]`: three devices on this machine keep a real folder's library
/// in step.
void add_demo(commands& all);

} // namespace lockstep::cli
