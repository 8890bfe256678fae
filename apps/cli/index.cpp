#include "apps/cli/index.hpp"

#include "apps/cli/open_device.hpp"
#include "apps/cli/progress_bar.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct index_arguments {
  std::string library;
  std::string location;
  std::string folder;
};

expected<void> index(const options& given, const index_arguments& what) {
  const auto location = parse_id<record_id>(what.location);
  if (!location)
    return fail(errc::invalid_argument,
                "\"" + what.location
                  + "\" is no location's id, which is a UUID.");
  const auto folder = whole_path(given, what.folder);
  if (!folder)
    return tl::make_unexpected(folder.error());
  const auto walk = [&](open_device& device, library& of) -> expected<void> {
    const auto bar
      = std::make_shared<progress_bar>(given.out(), "indexing", "files");
    const auto watching = device.node().subscribe(
      [bar](const event& what) {
        if (const auto* now = std::get_if<indexing_progress>(&what.body))
          bar->show(now->files, 0);
      },
      of.id());
    const auto found = of.index(*location, folder->string()).get();
    if (!found)
      return tl::make_unexpected(found.error());
    given.out().answer({{"files", found->files},
                        {"directories", found->directories},
                        {"bytes", found->bytes},
                        {"unreadable", found->unreadable}},
                       with_commas(found->files) + " files\n");
    return {};
  };
  return with_device(given, what.library, walk);
}

} // namespace

void add_index(commands& all) {
  auto what = std::make_shared<index_arguments>();
  auto& made
    = add_about_library(all, what, "index",
                        "Walk a folder into the table entry, on all devices"
                        " that have it",
                        "lockstep index photos"
                        " 0197d9a2-6f00-7000-8000-000000000001 ~/Pictures",
                        index);
  made.group("");
  made.add_option("location", what->location, "The location's record id")
    ->required();
  made.add_option("folder", what->folder, "What to index")->required();
}

} // namespace lockstep::cli
