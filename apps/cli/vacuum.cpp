#include "apps/cli/vacuum.hpp"

#include "apps/cli/open_device.hpp"
#include "config/settings_text.hpp"

#include <chrono>
#include <memory>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;

/// What every member holds is known a moment after a library was opened.
constexpr auto stable_patience = 500ms;

struct vacuum_arguments {
  std::string library;
  std::string keep = "30d";
  bool archive = false;
};

bool is_stable(const library_status& now) {
  return !(now.stable < now.head.position.sequence);
}

std::string outcome_text(const library_status& now,
                         const vacuum_result& outcome) {
  auto text = with_commas(outcome.removed)
              + " entries removed from the log of \"" + now.name + "\"";
  if (outcome.archived != 0)
    text += ", " + with_commas(outcome.archived) + " of them archived";
  text += "; it takes " + with_commas(outcome.bytes_after) + " bytes, before "
          + with_commas(outcome.bytes_before) + "\n";
  if (!is_stable(now))
    text += "entries after " + to_string(now.stable)
            + " stay, as not every member is known to hold them\n";
  return text;
}

expected<void> vacuum(const options& given, const vacuum_arguments& what) {
  const auto keep = parse_duration(what.keep);
  if (!keep)
    return tl::make_unexpected(keep.error());
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    const auto before = std::chrono::time_point_cast<wall_time::duration>(
      std::chrono::system_clock::now() - *keep);
    const auto now = open_device::status_once(of, is_stable, stable_patience);
    if (!now)
      return tl::make_unexpected(now.error());
    const auto outcome = of.vacuum_old_entries(before, what.archive).get();
    if (!outcome)
      return tl::make_unexpected(outcome.error());
    given.out().answer({{"removed", outcome->removed},
                        {"archived", outcome->archived},
                        {"bytes_before", outcome->bytes_before},
                        {"bytes_after", outcome->bytes_after}},
                       outcome_text(*now, *outcome));
    return {};
  });
}

} // namespace

void add_vacuum(commands& all) {
  auto what = std::make_shared<vacuum_arguments>();
  auto& made = add_about_library(
    all, what, "vacuum",
    "Remove entries from the log that are old, that later entries of the same"
    " records\nsupersede, and that every member holds; and deletions with what"
    " they deleted",
    "lockstep vacuum photos --keep 90d --archive", vacuum);
  made.add_option("--keep", what->keep, "Entries younger than this stay")
    ->type_name("TIME")
    ->capture_default_str();
  made.add_flag("--archive", what->archive,
                "Keeps what is removed in the library's folder; lockstep log"
                " --archived shows it");
}

} // namespace lockstep::cli
