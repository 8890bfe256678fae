#include "apps/cli/demo.hpp"

#include "apps/cli/demo_script.hpp"
#include "apps/cli/passing_folder.hpp"
#include "persistence/folder_walk.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct demo_arguments {
  std::string folder = "/usr/share";
  bool keep = false;
};

/// So short that nobody has to wait for an election.
std::vector<std::string> short_times() {
  return {"leadership.heartbeat=200ms",   "leadership.timeout=1s",
          "leadership.lease=1500ms",      "leadership.election_window=100ms",
          "replication.retry_first=50ms", "replication.retry_most=1s",
          "network.redial_first=100ms",   "network.redial_most=1s"};
}

expected<void> run_demo(const options& given, const demo_arguments& what) {
  auto times = given;
  times.set = short_times();
  times.set.insert(times.set.end(), given.set.begin(), given.set.end());
  if (auto valid = with_set(times, {}); !valid)
    return tl::make_unexpected(valid.error());
  if (what.folder.empty())
    return fail(errc::invalid_argument,
                "The folder's path is empty; name a folder, as in lockstep"
                " demo ~/Pictures.");
  const auto folder = std::filesystem::absolute(what.folder);
  if (auto readable = folder_walk::open(folder); !readable)
    return tl::make_unexpected(readable.error());
  auto path = enter_passing_folder(what.keep);
  if (!path)
    return tl::make_unexpected(path.error());
  const auto out = given.out();
  const auto report = demo_script{folder, *path, times.set, out}.run();
  if (what.keep)
    out.say("The devices' data is in " + path->string() + ".");
  out.answer(to_json(report), report.devices.empty()
                                ? std::string{}
                                : "\n" + to_text(devices_table(report)));
  if (!report.ok())
    return fail(errc::internal, "The demo did not go as expected, see the step"
                                " that failed.");
  return {};
}

} // namespace

void add_demo(commands& all) {
  auto what = std::make_shared<demo_arguments>();
  auto& demo = all.add_here(
    "demo",
    "Three devices on this machine keep a real folder's library in step: an\n"
    "index, tags, an offline edit, the leader killed, all compared at the end",
    "lockstep demo ~/Pictures",
    [what](const options& given) { return run_demo(given, *what); });
  demo.add_option("folder", what->folder, "What to index")
    ->type_name("FOLDER")
    ->capture_default_str();
  demo.add_flag("--keep", what->keep, "Keep the devices' data directories");
}

} // namespace lockstep::cli
