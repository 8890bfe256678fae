#include "apps/cli/backup.hpp"

#include "apps/cli/library_view.hpp"
#include "apps/cli/open_device.hpp"
#include "apps/cli/progress_bar.hpp"
#include "persistence/database_backup.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct backup_arguments {
  std::string library;
  std::string file;
};

expected<void> backup(const options& given, const backup_arguments& what) {
  if (what.file.empty())
    return fail(errc::invalid_argument,
                "The copy's path is empty; name a new file.");
  const auto copy = whole_path(given, what.file);
  if (!copy)
    return tl::make_unexpected(copy.error());
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    if (auto complete = expect_complete(of); !complete)
      return complete;
    progress_bar bar{given.out(), "copying", "pages"};
    const auto through = back_up_database(
      of.database(), *copy, [&bar](std::uint64_t finished, std::uint64_t all) {
        bar.show(finished, all);
      });
    if (!through)
      return tl::make_unexpected(through.error());
    given.out().answer({{"file", copy->string()}, {"sequence", through->value}},
                       "\"" + of.name() + "\" as of entry "
                         + to_string(*through) + " is in " + copy->string()
                         + "\n");
    return {};
  });
}

} // namespace

void add_backup(commands& all) {
  auto what = std::make_shared<backup_arguments>();
  add_about_library(
    all, what, "backup",
    "Copy a library's database as it is now, while anybody uses it. Put in\n"
    "the database's place while nothing has it open, it is brought up to date"
    " from\nthe log",
    "lockstep backup photos photos-copy.sqlite", backup)
    .add_option("file", what->file, "A new file")
    ->type_name("FILE")
    ->required();
}

} // namespace lockstep::cli
