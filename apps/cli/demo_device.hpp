#pragma once

#include "apps/cli/child_process.hpp"
#include "apps/cli/output.hpp"

#include <SQLiteCpp/Database.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace lockstep::cli {

/// Ends a step of the demo: what was expected did not come.
class step_failed : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Waits until something holds; throws `step_failed` with `otherwise` when it
/// does not come to that within half a minute.
void eventually(const std::function<bool()>& holds,
                const std::string& otherwise);

/// How many rows a device's index has, and a digest over all of them.
struct index_digest {
  std::uint64_t rows = 0;
  std::uint64_t digest = 0;

  bool operator==(const index_digest&) const = default;
};

/// One of the demo's devices: `lockstep serve`, a process of its own, and an
/// application's SQLite file. What the application does goes past Lockstep, on
/// a connection of SQLite's; what a person does goes through commands.
/// Everything throws `step_failed`.
class demo_device {
public:
  /// `settings`: KEY=VALUE each.
  demo_device(std::string name, std::filesystem::path directory,
              std::vector<std::string> settings, output out);

  /// Makes the device: `lockstep init`.
  void make();
  /// Starts its daemon.
  void start();
  /// Ends the daemon in order.
  void stop();
  /// Ends it as a crash would.
  void kill();

  [[nodiscard]] const std::string& name() const {
    return name_;
  }
  /// Its device id.
  [[nodiscard]] const std::string& id() const {
    return id_;
  }
  [[nodiscard]] bool running() const {
    return daemon_.has_value();
  }
  /// The application's file.
  [[nodiscard]] std::filesystem::path file() const {
    return directory_ / "library.sqlite";
  }

  /// What a command answers with --json.
  nlohmann::json ask(std::vector<std::string> command);
  /// The same for a command that answers a value a line.
  std::vector<nlohmann::json> ask_lines(std::vector<std::string> command);
  nlohmann::json status();

  /// Statements of the application's, in one transaction.
  void execute(const std::string& statements);
  /// Rows of the application's, a line each, with "|" between the columns.
  std::string read(const std::string& query);

  index_digest digest_index();

private:
  /// What a command prints.
  std::string run(std::vector<std::string> command);
  std::vector<std::string> with_own(std::vector<std::string> command) const;
  SQLite::Database& database();

  std::string name_;
  std::filesystem::path directory_;
  std::vector<std::string> settings_;
  output out_;
  std::string id_;
  std::optional<child_process> daemon_;
  std::unique_ptr<SQLite::Database> database_;
};

} // namespace lockstep::cli
