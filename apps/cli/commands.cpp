#include "apps/cli/commands.hpp"

#include <cstdio>
#include <exception>

namespace lockstep::cli {

namespace {

exit_status complain(const failure& why) {
  std::fprintf(stderr, "lockstep: %s\n", why.message.c_str());
  return exit_status_of(why.code);
}

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

commands::commands()
  : app_{"Keeps SQLite libraries in step across a person's devices, without"
         " locks.",
         "lockstep"} {
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

CLI::App& commands::add_group(const std::string& name,
                              const std::string& help) {
  auto& made = *app_.add_subcommand(name, help);
  made.fallthrough();
  made.require_subcommand(1);
  return made;
}

exit_status commands::run(int count, const char* const* arguments) {
  keep_standard_files();
  const auto status = parse_and_run(count, arguments);
  const auto arrived = finish_output();
  return arrived || status != exit_status::done ? status
                                                : complain(arrived.error());
}

exit_status commands::parse_and_run(int count, const char* const* arguments) {
  try {
    app_.parse(count, arguments);
  } catch (const CLI::Success& asked) {
    app_.exit(asked); // --help and --version.
    return exit_status::done;
  } catch (const CLI::RequiredError& error) {
    return complain(what_is_missing(app_, error));
  } catch (const CLI::ParseError& error) {
    return complain({errc::invalid_argument,
                     std::string{error.what()} + "; see lockstep --help."});
  }
  try {
    auto ran = start_log(options_).and_then([&] { return chosen_(options_); });
    return ran ? exit_status::done : complain(ran.error());
  } catch (const std::exception& error) {
    return complain({errc::internal, error.what()});
  }
}

} // namespace lockstep::cli
