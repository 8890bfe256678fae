#include "apps/cli/options.hpp"

#include "config/settings_text.hpp"
#include "persistence/atomic_file.hpp"
#include "persistence/data_directory.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace lockstep::cli {

namespace {

expected<settings> read_settings_file(const std::filesystem::path& file) {
  std::error_code unreadable;
  if (std::filesystem::is_directory(file, unreadable))
    return fail(errc::io, file.string()
                            + " is a folder; move it away, or put a file with"
                              " settings in its place.");
  auto text = read_file(file);
  if (!text && text.error().code == errc::not_found)
    return settings{};
  if (!text)
    return tl::make_unexpected(text.error());
  auto found = read_ini(*text);
  if (!found)
    return fail(found.error().code,
                file.string() + ": " + found.error().message);
  return found;
}

} // namespace

expected<std::filesystem::path> data_directory_of(const options& given) {
  if (!given.data)
    return default_data_directory();
  if (given.data->empty())
    return fail(errc::invalid_argument,
                "The path after --data is empty; name a directory, or leave"
                " --data out for the usual one.");
  return std::filesystem::path{*given.data};
}

expected<std::filesystem::path> whole_path(const options& given,
                                           const std::string& file) {
  std::error_code nowhere;
  // A whole path stays as it is.
  auto whole = given.folder.empty() ? std::filesystem::absolute(file, nowhere)
                                    : given.folder / file;
  if (nowhere)
    return fail(errc::io, "The current folder cannot be read ("
                            + nowhere.message() + "); name " + file
                            + " by its whole path.");
  // What ".." leads to is for the system to say: there may be links.
  return std::find(whole.begin(), whole.end(), "..") == whole.end()
           ? whole.lexically_normal()
           : whole;
}

expected<settings> with_set(const options& given, settings base) {
  for (const auto& text : given.set) {
    const auto equals = text.find('=');
    if (equals == std::string::npos)
      return fail(errc::invalid_argument,
                  "\"" + text
                    + "\" is no setting; write --set KEY=VALUE, as in"
                      " --set leadership.heartbeat=10s.");
    auto taken = set(base, std::string_view{text}.substr(0, equals),
                     std::string_view{text}.substr(equals + 1));
    if (!taken)
      return tl::make_unexpected(taken.error());
  }
  if (auto valid = validate(base); !valid)
    return tl::make_unexpected(valid.error());
  return base;
}

expected<settings> settings_of(const options& given,
                               const std::filesystem::path& directory) {
  return read_settings_file(directory / "lockstep.ini")
    .and_then([&](settings base) { return with_set(given, base); });
}

expected<void> start_log(const options& given) {
  const auto level = spdlog::level::from_str(given.log_level);
  if (level == spdlog::level::off && given.log_level != "off")
    return fail(errc::invalid_argument,
                "There is no log level \"" + given.log_level
                  + "\"; choose trace, debug, info, warn, error, critical or"
                    " off.");
  spdlog::set_default_logger(spdlog::stderr_color_mt("lockstep"));
  spdlog::set_level(level);
  return {};
}

} // namespace lockstep::cli
