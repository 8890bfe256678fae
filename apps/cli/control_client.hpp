#pragma once

#include "apps/cli/console.hpp"
#include "apps/cli/exit_status.hpp"
#include "messages/errors.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lockstep::cli {

/// Whether a daemon runs on the data directory.
bool is_served(const std::filesystem::path& directory);

/// Has the daemon run a command, and writes what it says as it says it: with
/// what the command ends. `timed_out` when the daemon does not answer.
expected<exit_status> run_in_daemon(const std::filesystem::path& directory,
                                    const std::vector<std::string>& arguments,
                                    console& to);

} // namespace lockstep::cli
