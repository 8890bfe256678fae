#include "apps/cli/demo.hpp"

#include "apps/cli/demo_script.hpp"
#include "persistence/folder_walk.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace lockstep::cli {

namespace {

using namespace std::chrono_literals;

struct demo_arguments {
  std::string folder = "/usr/share";
  bool keep = false;
};

/// A folder of its own for the devices' data, removed at the end.
class demo_directory {
public:
  explicit demo_directory(bool keep) : keep_(keep) {
  }
  demo_directory(const demo_directory&) = delete;
  demo_directory& operator=(const demo_directory&) = delete;
  ~demo_directory() {
    std::error_code ignored;
    if (!keep_ && !path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }

  expected<std::filesystem::path> make() {
    std::error_code error;
    auto pattern
      = (std::filesystem::temp_directory_path(error) / "lockstep-demo-XXXXXX")
          .string();
    if (error || mkdtemp(pattern.data()) == nullptr)
      return fail(errc::io,
                  "No temporary folder can be made ("
                    + (error ? error.message() : std::strerror(errno))
                    + "); set TMPDIR to a folder that can be written.");
    path_ = pattern;
    return path_;
  }

private:
  std::filesystem::path path_;
  bool keep_ = false;
};

/// So short that nobody has to wait for an election.
settings short_times() {
  settings limits;
  limits.leadership.heartbeat = 200ms;
  limits.leadership.timeout = 1s;
  limits.leadership.lease = 1500ms;
  limits.leadership.election_window = 100ms;
  limits.replication.retry_first = 50ms;
  limits.replication.retry_most = 1s;
  return limits;
}

expected<void> run_demo(const options& given, const demo_arguments& what) {
  auto limits = with_set(given, short_times());
  if (!limits)
    return tl::make_unexpected(limits.error());
  const auto folder = std::filesystem::absolute(what.folder);
  if (auto readable = folder_walk::open(folder); !readable)
    return tl::make_unexpected(readable.error());
  demo_directory below{what.keep};
  auto path = below.make();
  if (!path)
    return tl::make_unexpected(path.error());
  const auto out = given.out();
  const auto report = demo_script{folder, *path, *limits, out}.run();
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
  auto& demo = all.add(
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
