#pragma once

#include <filesystem>

// How a command reaches the daemon: POST /commands on the socket, with a
// distant_command; the answer is a JSON value a line, {"answers": text} or
// {"messages": text}, and {"status": n} at the end.
namespace lockstep::cli {

/// Where the daemon of a data directory listens for commands.
inline std::filesystem::path
control_socket(const std::filesystem::path& directory) {
  return directory / "control.sock";
}

} // namespace lockstep::cli
