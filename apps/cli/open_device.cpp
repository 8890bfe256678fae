#include "apps/cli/open_device.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <thread>
#include <vector>

namespace lockstep::cli {

namespace {

/// How long a command waits for a library to find its leader, and to take in
/// what other programs wrote.
constexpr std::chrono::seconds settle_patience{4};

/// Whether the device that a command needs was made in `directory`.
expected<void> check_made(const std::filesystem::path& directory) {
  std::error_code unreadable;
  const auto found = std::filesystem::status(directory, unreadable);
  if (std::filesystem::exists(found) && !std::filesystem::is_directory(found))
    return fail(errc::io, "The data directory " + directory.string()
                            + " is no folder; choose another --data"
                              " directory.");
  if (std::filesystem::exists(directory / "device", unreadable))
    return {};
  if (unreadable)
    return fail(errc::io, "The data directory " + directory.string()
                            + " cannot be read (" + unreadable.message()
                            + "); check its path and its permissions.");
  return fail(errc::not_found, "There is no device in " + directory.string()
                                 + "; make one with lockstep init.");
}

/// A library, or what goes by its name and cannot be read.
struct candidate {
  std::string id;
  std::string name;
  std::optional<failure> broken;
  known_library what{};
};

expected<std::vector<candidate>> candidates(node& device) {
  auto known = device.libraries();
  if (!known)
    return tl::make_unexpected(known.error());
  auto damaged = device.damaged_libraries();
  if (!damaged)
    return tl::make_unexpected(damaged.error());
  std::vector<candidate> all;
  for (const auto& one : *known)
    all.push_back({to_string(one.id), one.name, {}, one});
  for (const auto& one : *damaged)
    all.push_back({one.folder, {}, one.why, {}});
  return all;
}

/// Those that `text` names, or begins to name where it names none.
std::vector<candidate> matches_of(const std::vector<candidate>& all,
                                  const std::string& text) {
  std::vector<candidate> matches;
  if (text.empty())
    return matches;
  auto take = [&](auto fits) {
    std::copy_if(all.begin(), all.end(), std::back_inserter(matches), fits);
  };
  take(
    [&](const candidate& one) { return one.name == text || one.id == text; });
  if (matches.empty())
    take([&](const candidate& one) { return one.id.starts_with(text); });
  return matches;
}

/// A library that lacks a file is there all the same.
failure still_there(failure why) {
  if (why.code == errc::not_found)
    why.code = errc::corrupt;
  return why;
}

} // namespace

open_device::open_device(std::filesystem::path directory,
                         std::unique_ptr<runtime> shared,
                         std::unique_ptr<lockstep::node> own,
                         lockstep::node& node)
  : directory_(std::move(directory)), runtime_(std::move(shared)),
    own_(std::move(own)), node_(&node) {
}

expected<open_device> open_device::at(const options& given,
                                      std::optional<network_place> network) {
  if (given.served)
    return open_device{given.served->directory, nullptr, nullptr,
                       *given.served->device};
  auto directory = data_directory_of(given);
  if (!directory)
    return tl::make_unexpected(directory.error());
  if (auto made = check_made(*directory); !made)
    return tl::make_unexpected(made.error());
  auto limits = settings_of(given, *directory);
  if (!limits)
    return tl::make_unexpected(limits.error());
  auto shared = std::make_unique<runtime>();
  node_options how;
  how.data_directory = *directory;
  how.limits = *limits;
  how.network = std::move(network);
  auto opened = node::open(*shared, std::move(how));
  if (!opened)
    return tl::make_unexpected(opened.error());
  auto own = std::make_unique<lockstep::node>(std::move(*opened));
  auto& device = *own;
  return open_device{std::move(*directory), std::move(shared), std::move(own),
                     device};
}

expected<known_library> open_device::find(const std::string& text) {
  auto all = candidates(*node_);
  if (!all)
    return tl::make_unexpected(all.error());
  const auto matches = matches_of(*all, text);
  if (matches.empty())
    return fail(errc::not_found,
                "There is no library \"" + text
                  + "\" on this device; lockstep library list shows all.");
  if (matches.size() > 1)
    return fail(errc::invalid_argument,
                "\"" + text
                  + "\" stands for several libraries; name one by"
                    " its id.");
  if (const auto& broken = matches.front().broken)
    return tl::make_unexpected(still_there(*broken));
  return matches.front().what;
}

expected<library> open_device::open(const std::string& text) {
  return find(text).and_then([this](const known_library& what) {
    return node_->open_library(to_string(what.id)).map_error([](failure&& why) {
      return still_there(std::move(why));
    });
  });
}

namespace {

/// Whether there is nothing more to come of what stands in the files.
bool is_settled(const library_status& now) {
  return !now.leadership.leader.is_nil()
         && (now.captured || !now.capture_problem.empty())
         && (now.leadership.role != role::leader || now.pending == 0);
}

} // namespace

expected<library_status> open_device::settled_status(library& of) {
  return status_once(of, is_settled, settle_patience);
}

expected<library_status> open_device::status_once(
  library& of, const std::function<bool(const library_status&)>& holds,
  std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto now = of.status().get();
    if (!now || holds(*now) || std::chrono::steady_clock::now() >= end)
      return now;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

expected<void>
with_device(const options& given, const std::string& name,
            const std::function<expected<void>(open_device&, library&)>& then) {
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto of = device->open(name);
  if (!of)
    return tl::make_unexpected(of.error());
  // What other programs wrote enters the log first.
  if (auto now = open_device::settled_status(*of); !now)
    return tl::make_unexpected(now.error());
  return then(*device, *of);
}

expected<void>
with_library(const options& given, const std::string& name,
             const std::function<expected<void>(library&)>& then) {
  return with_device(given, name,
                     [&](open_device&, library& of) { return then(of); });
}

} // namespace lockstep::cli
