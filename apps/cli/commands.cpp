#include "apps/cli/commands.hpp"

#include "apps/cli/control_client.hpp"

#include <exception>
#include <sstream>

namespace lockstep::cli {

namespace {

/// CLI11 says "A subcommand is required" also for one that it does not know.
failure what_is_missing(const CLI::App& app, const CLI::RequiredError& error) {
  const auto rest = app.remaining(true);
  if (!rest.empty())
    return {errc::invalid_argument, "There is no command \"" + rest.front()
                                      + "\"; see lockstep --help."};
  return {errc::invalid_argument,
          std::string{error.what()} + "; see lockstep --help."};
}

} // namespace

CLI::Option& add_library_argument(CLI::App& command, std::string& library) {
  return *command
            .add_option("library", library,
                        "Its id, the start of its id, or its name")
            ->type_name("LIBRARY");
}

CLI::Option& add_database_option(CLI::App& command,
                                 std::optional<std::string>& database) {
  return *command
            .add_option("--database", database,
                        "An SQLite file anywhere, or one to be made; it stays"
                        " where it is [a file in the library's folder]")
            ->type_name("FILE");
}

expected<std::filesystem::path>
database_path(const options& given,
              const std::optional<std::string>& database) {
  if (!database)
    return std::filesystem::path{};
  if (database->empty())
    return fail(errc::invalid_argument,
                "The database's path is empty; name a file.");
  return whole_path(given, *database);
}

commands::commands(options base)
  : app_{"Keeps SQLite libraries in step across a person's devices, without"
         " locks.",
         "lockstep"},
    options_{std::move(base)} {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", "lockstep " LOCKSTEP_VERSION);
  app_
    .add_option("--data", options_.data,
                "The device's data directory [$LOCKSTEP_DATA, else"
                " ~/.local/share/lockstep]")
    ->type_name("DIR");
  app_.add_flag("--json", options_.json, "Print JSON on standard output");
  app_.add_flag("--quiet", options_.quiet, "Print no progress");
  app_
    .add_option("--log-level", options_.log_level,
                "trace, debug, info, warn, error or off; the log goes to"
                " standard error")
    ->type_name("LEVEL")
    ->capture_default_str();
  app_
    .add_option("--set", options_.set,
                "Any setting, as in --set leadership.heartbeat=10s")
    ->type_name("KEY=VALUE")
    ->allow_extra_args(false);
  app_.footer("Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such thing,"
              " 4 not reachable\nor time ran out, 5 refused.");
}

CLI::App& commands::add(const std::string& name, const std::string& help,
                        const std::string& example, action run,
                        CLI::App* below) {
  auto& made = *(below != nullptr ? *below : app_).add_subcommand(name, help);
  made.fallthrough();
  made.footer("Example: " + example);
  made.callback([this, run = std::move(run)] { chosen_ = run; });
  return made;
}

CLI::App& commands::add_here(const std::string& name, const std::string& help,
                             const std::string& example, action run) {
  auto& made = add(name, help, example, run);
  made.callback([this, run = std::move(run)] {
    chosen_ = run;
    here_ = true;
  });
  return made;
}

CLI::App& commands::add_group(const std::string& name,
                              const std::string& help) {
  auto& made = *app_.add_subcommand(name, help);
  made.fallthrough();
  made.require_subcommand(1);
  return made;
}

exit_status commands::run(int count, const char* const* arguments) {
  keep_standard_files();
  const auto status = run_somewhere({arguments + 1, arguments + count});
  const auto arrived = finish_output();
  return arrived || status != exit_status::done ? status
                                                : complain(arrived.error());
}

exit_status commands::run_served(const std::vector<std::string>& arguments) {
  if (const auto ended = parse(arguments))
    return *ended;
  if (here_)
    return complain(
      {errc::invalid_argument, "This command is not for a running serve."});
  return run_chosen();
}

std::optional<exit_status>
commands::parse(const std::vector<std::string>& arguments) {
  try {
    // The parser takes them from the end.
    app_.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
    return {};
  } catch (const CLI::Success& asked) {
    std::ostringstream text;
    app_.exit(asked, text, text); // --help and --version.
    options_.to->write(console::stream::answers, text.str());
    return exit_status::done;
  } catch (const CLI::RequiredError& error) {
    return complain(what_is_missing(app_, error));
  } catch (const CLI::ParseError& error) {
    return complain({errc::invalid_argument,
                     std::string{error.what()} + "; see lockstep --help."});
  }
}

exit_status commands::run_somewhere(const std::vector<std::string>& arguments) {
  if (const auto ended = parse(arguments))
    return *ended;
  if (const auto logging = start_log(options_); !logging)
    return complain(logging.error());
  const auto directory = data_directory_of(options_);
  if (here_ || !directory || !is_served(*directory))
    return run_chosen();
  if (!options_.set.empty())
    options_.out().warn("lockstep: serve runs here with its own settings; --set"
                        " has no effect.");
  const auto ran = run_in_daemon(*directory, arguments, *options_.to);
  return ran ? *ran : complain(ran.error());
}

exit_status commands::run_chosen() {
  try {
    const auto ran = chosen_(options_);
    return ran ? exit_status::done : complain(ran.error());
  } catch (const std::exception& error) {
    return complain({errc::internal, error.what()});
  }
}

exit_status commands::complain(const failure& why) const {
  options_.out().warn("lockstep: " + why.message);
  return exit_status_of(why.code);
}

} // namespace lockstep::cli
