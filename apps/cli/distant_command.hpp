#pragma once

#include "messages/errors.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::cli {

/// A command that a process wants the daemon to run.
struct distant_command {
  std::vector<std::string> arguments;
  /// Where its relative paths begin.
  std::filesystem::path folder;
  /// Whether what it says goes to terminals there.
  bool terminal_answers = false;
  bool terminal_messages = false;

  bool operator==(const distant_command&) const = default;
};

/// As JSON: {"arguments": [...], "folder": ..., "terminals": {...}}.
std::string to_text(const distant_command& what);

/// Reads that, from anybody; only the arguments have to be there.
/// `invalid_argument` for anything else.
expected<distant_command> parse_distant_command(std::string_view text);

} // namespace lockstep::cli
