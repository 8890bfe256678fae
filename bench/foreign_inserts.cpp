#include "bench/cases.hpp"

#include "bench/open_library.hpp"
#include "bench/plain_library.hpp"
#include "tests/support/temporary_directory.hpp"

#include <thread>

namespace lockstep::bench {

std::vector<measurement> measure_foreign_inserts(const extent& how) {
  const temporary_directory folder;
  const auto list = make_items(how.of(200'000));
  const auto count = static_cast<double>(list.size());

  double plain_seconds = 0;
  {
    plain_library plain{folder.path(), plain_library::key::number};
    const stopwatch watch;
    plain.write(list);
    plain_seconds = watch.seconds();
  }

  double untracked = 0;
  {
    foreign_program program{folder / "untracked.db"};
    program.execute(create_foreign_item);
    const stopwatch watch;
    program.insert(list);
    untracked = watch.seconds();
  }

  foreign_program program{folder / "items.db"};
  program.execute(create_foreign_item);
  runtime shared;
  opened_device ours{shared, folder / "device", folder / "items.db"};
  must(ours.items.track({"item", {}, {}}).get());
  const stopwatch watch;
  program.insert(list);
  const auto tracked = watch.seconds();
  while (must(ours.items.count().get()) < list.size())
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  const auto all = watch.seconds();

  return {{"foreign INSERT of " + std::to_string(list.size())
             + " rows, until in the log",
           "rows/s", count / all, "plain SQLite", count / plain_seconds,
           goal{goal::kind::at_least, 0.6, true}},
          {"the INSERT itself", "s", tracked, "untracked", untracked,
           goal{goal::kind::at_most, 1.6, true}}};
}

} // namespace lockstep::bench
