#pragma once

#include <spdlog/logger.h>

namespace lockstep {

/// Where Lockstep's log lines go: the logger that the host registered with
/// spdlog under the name "lockstep" before it opened its first node; else
/// standard error, warnings and errors only.
spdlog::logger& logger();

} // namespace lockstep
