#pragma once

#include "apps/cli/exit_status.hpp"
#include "apps/cli/options.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lockstep::cli {

/// The commands of the program. One is chosen while the command line is parsed
/// and runs after that: in the daemon, where one runs on the data directory,
/// else in this process.
class commands {
public:
  using action = std::function<expected<void>(const options&)>;

  /// `base` is what holds before anything is parsed.
  explicit commands(options base = {});

  /// A command, or with `below` one of its commands: `library create`.
  CLI::App& add(const std::string& name, const std::string& help,
                const std::string& example, action run,
                CLI::App* below = nullptr);
  /// A command that always runs in the process that was started with it.
  CLI::App& add_here(const std::string& name, const std::string& help,
                     const std::string& example, action run);
  /// A command that only has commands of its own.
  CLI::App& add_group(const std::string& name, const std::string& help);

  /// All commands, with what they say of themselves.
  [[nodiscard]] const CLI::App& tree() const {
    return app_;
  }

  /// Parses the command line and runs what it says. Messages go to standard
  /// error, one sentence each. Output that cannot be written is a failure.
  exit_status run(int count, const char* const* arguments);
  /// In the daemon, for another process; to the console of `base`.
  exit_status run_served(const std::vector<std::string>& arguments);

private:
  /// Whether there is a command to run; else with what the program ends.
  std::optional<exit_status> parse(const std::vector<std::string>& arguments);
  exit_status run_chosen();
  exit_status run_somewhere(const std::vector<std::string>& arguments);
  [[nodiscard]] exit_status complain(const failure& why) const;

  CLI::App app_;
  options options_;
  action chosen_;
  bool here_ = false;
};

/// Of the id of a device or a conflict, so much at least: what is meant for a
/// name is not to hit another one by chance.
inline constexpr std::size_t id_start_least = 4;

/// The argument that says which library a command is about.
CLI::Option& add_library_argument(CLI::App& command, std::string& library);

/// The option that says where a library's database lies.
CLI::Option& add_database_option(CLI::App& command,
                                 std::optional<std::string>& database);

/// The whole path of that file; empty where none was named.
expected<std::filesystem::path>
database_path(const options& given, const std::optional<std::string>& database);

/// A command about one library, which its arguments name.
template <class Arguments>
CLI::App&
add_about_library(commands& all, const std::shared_ptr<Arguments>& what,
                  const char* name, const char* help, const char* example,
                  expected<void> (*run)(const options&, const Arguments&)) {
  auto& made = all.add(name, help, example, [what, run](const options& given) {
    return run(given, *what);
  });
  add_library_argument(made, what->library).required();
  return made;
}

} // namespace lockstep::cli
