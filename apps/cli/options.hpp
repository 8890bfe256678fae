#pragma once

#include "apps/cli/output.hpp"
#include "config/settings.hpp"
#include "messages/errors.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lockstep {
class node;
} // namespace lockstep

namespace lockstep::cli {

/// A data directory that this process has open for others: `serve`.
struct served_device {
  lockstep::node* device = nullptr;
  std::filesystem::path directory;
};

/// What every command takes.
struct options {
  /// Nothing: the default data directory.
  std::optional<std::string> data;
  bool json = false;
  bool quiet = false;
  std::string log_level = "warn";
  /// KEY=VALUE each.
  std::vector<std::string> set;

  // Not from the command line:
  std::shared_ptr<console> to = standard_console();
  /// Where relative paths begin; empty: at this process's folder.
  std::filesystem::path folder;
  /// Set in the daemon: commands work with its device.
  std::optional<served_device> served;

  [[nodiscard]] output out() const {
    return {json, quiet, to};
  }
};

/// Where the device is. `invalid_argument` for an empty path, `not_found` for a
/// user without a home.
expected<std::filesystem::path> data_directory_of(const options& given);

/// The whole path of a file that a command names; `file` is not empty. Errors:
/// `io` where the current folder cannot be read.
expected<std::filesystem::path> whole_path(const options& given,
                                           const std::string& file);

/// The settings of `lockstep.ini` in `directory`, if it is there, and of --set,
/// which goes first. Errors: `invalid_argument`, `io`.
expected<settings> settings_of(const options& given,
                               const std::filesystem::path& directory);

/// `base` with --set on top, checked. `invalid_argument`.
expected<settings> with_set(const options& given, settings base);

/// Sends the log to standard error. `invalid_argument` for an unknown level.
expected<void> start_log(const options& given);

} // namespace lockstep::cli
