#pragma once

#include "apps/cli/exit_status.hpp"
#include "apps/cli/options.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace lockstep::cli {

/// The commands of the program. One is chosen while the command line is parsed
/// and runs after that.
class commands {
public:
  using action = std::function<expected<void>(const options&)>;

  commands();

  /// A command, or with `below` one of its commands: `library create`.
  CLI::App& add(const std::string& name, const std::string& help,
                const std::string& example, action run,
                CLI::App* below = nullptr);
  /// A command that only has commands of its own.
  CLI::App& add_group(const std::string& name, const std::string& help);

  /// Parses the command line and runs what it says. Messages go to standard
  /// error, one sentence each. Output that cannot be written is a failure.
  exit_status run(int count, const char* const* arguments);

private:
  exit_status parse_and_run(int count, const char* const* arguments);

  CLI::App app_;
  options options_;
  action chosen_;
};

/// The argument that says which library a command is about.
CLI::Option& add_library_argument(CLI::App& command, std::string& library);

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
