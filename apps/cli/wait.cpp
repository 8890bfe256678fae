#include "apps/cli/wait.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/library_view.hpp"
#include "apps/cli/open_device.hpp"
#include "apps/cli/progress_bar.hpp"
#include "config/settings_text.hpp"

#include <charconv>
#include <memory>
#include <thread>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto status_pause = 5ms;

struct wait_arguments {
  std::string library;
  std::string until = "synced";
  std::string timeout = "30s";
};

using condition = std::function<bool(const library_view&)>;

/// Nothing is pending, and all that the leader has is applied here.
bool is_synced(const library_view& now) {
  return now.status.captured && !now.status.first_sync
         && now.status.pending == 0 && now.holds_all();
}

expected<condition> condition_of(const std::string& text) {
  if (text == "synced")
    return condition{is_synced};
  if (text == "stable")
    return condition{[](const library_view& now) {
      return is_synced(now) && !(now.status.stable < now.status.applied);
    }};
  if (text == "leader")
    return condition{[](const library_view& now) {
      return !now.status.leadership.leader.is_nil();
    }};
  constexpr std::string_view prefix = "sequence=";
  std::uint64_t number = 0;
  if (text.starts_with(prefix)) {
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + prefix.size(), end, number);
    if (read.ec == std::errc{} && read.ptr == end)
      return condition{[number](const library_view& now) {
        return now.status.applied.value >= number;
      }};
  }
  return fail(errc::invalid_argument,
              "\"" + text
                + "\" cannot be waited for; choose --until synced, stable,"
                  " leader or sequence=N.");
}

expected<void> wait(const options& given, const wait_arguments& what) {
  const auto holds = condition_of(what.until);
  if (!holds)
    return tl::make_unexpected(holds.error());
  const auto patience = parse_duration(what.timeout);
  if (!patience)
    return tl::make_unexpected(patience.error());
  const auto end = std::chrono::steady_clock::now() + *patience;
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto of = device->open(what.library);
  if (!of)
    return tl::make_unexpected(of.error());
  const auto out = given.out();
  progress_bar bar{out, "waiting", "entries"};
  while (!out.is_over()) {
    const auto now = view_of(*of);
    if (!now)
      return tl::make_unexpected(now.error());
    if (auto is_member = device->node().check_membership(*of); !is_member)
      return is_member;
    if ((*holds)(*now)) {
      out.answer(status_json(now->status), "");
      return {};
    }
    if (std::chrono::steady_clock::now() >= end)
      return fail(errc::timed_out,
                  "\"" + of->name() + "\" is not " + what.until + " within "
                    + what.timeout
                    + "; lockstep members shows who is connected.");
    show_progress(bar, *now);
    std::this_thread::sleep_for(status_pause);
  }
  return {};
}

} // namespace

void add_wait(commands& all) {
  auto what = std::make_shared<wait_arguments>();
  auto& made = add_about_library(
    all, what, "wait",
    "Return once nothing is pending and all that the leader has is applied"
    " here",
    "lockstep wait photos --until stable --timeout 1m", wait);
  made
    .add_option("--until", what->until,
                "synced, stable (every member has it), leader (one is known),"
                " or sequence=N")
    ->type_name("WHAT")
    ->capture_default_str();
  made.add_option("--timeout", what->timeout, "How long to wait at most")
    ->type_name("TIME")
    ->capture_default_str();
}

} // namespace lockstep::cli
