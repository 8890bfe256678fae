#include "apps/cli/open_device.hpp"

#include <chrono>
#include <thread>

namespace lockstep::cli {

namespace {

/// How long a command waits for a library to find its leader.
constexpr std::chrono::seconds settle_patience{4};

bool starts_with_id(const known_library& one, const std::string& text) {
  return !text.empty() && to_string(one.id).starts_with(text);
}

} // namespace

open_device::open_device(std::filesystem::path directory,
                         std::unique_ptr<runtime> shared, lockstep::node node)
  : directory_(std::move(directory)), runtime_(std::move(shared)),
    node_(std::move(node)) {
}

expected<open_device> open_device::at(const options& given) {
  auto directory = data_directory_of(given);
  if (!directory)
    return tl::make_unexpected(directory.error());
  std::error_code ignored;
  if (!std::filesystem::exists(*directory / "device", ignored))
    return fail(errc::not_found, "There is no device in " + directory->string()
                                   + "; make one with lockstep init.");
  auto limits = settings_of(given, *directory);
  if (!limits)
    return tl::make_unexpected(limits.error());
  auto shared = std::make_unique<runtime>();
  node_options how;
  how.data_directory = *directory;
  how.limits = *limits;
  auto opened = node::open(*shared, std::move(how));
  if (!opened)
    return tl::make_unexpected(opened.error());
  return open_device{std::move(*directory), std::move(shared),
                     std::move(*opened)};
}

expected<library> open_device::open(const std::string& text) {
  auto known = node_.libraries();
  if (!known)
    return tl::make_unexpected(known.error());
  std::vector<library_id> matches;
  for (const auto& one : *known)
    if (one.name == text || to_string(one.id) == text)
      matches.push_back(one.id);
  if (matches.empty())
    for (const auto& one : *known)
      if (starts_with_id(one, text))
        matches.push_back(one.id);
  if (matches.empty())
    return fail(errc::not_found,
                "There is no library \"" + text
                  + "\" on this device; lockstep library list shows all.");
  if (matches.size() > 1)
    return fail(errc::invalid_argument,
                "\"" + text
                  + "\" stands for several libraries; name one by"
                    " its id.");
  return node_.open_library(to_string(matches.front()));
}

expected<library_status> open_device::settled_status(library& of) {
  const auto end = std::chrono::steady_clock::now() + settle_patience;
  for (;;) {
    auto now = of.status().get();
    if (!now || !now->leadership.leader.is_nil()
        || std::chrono::steady_clock::now() >= end)
      return now;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

} // namespace lockstep::cli
