#include "bench/cases.hpp"

#include "bench/follower_process.hpp"
#include "bench/listening_device.hpp"
#include "bench/process_use.hpp"

#include <thread>

#include <unistd.h>

namespace lockstep::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t libraries = 10;

thread_use since(const thread_use& before, pid_t process) {
  const auto now = used_by(process);
  return {now.seconds - before.seconds, now.sleeps - before.sleeps};
}

} // namespace

std::vector<measurement> measure_rest(const extent& how) {
  listening_device leader;
  follower_process follower{leader.folder / "b",
                            follower_process::manner::resting};
  follower.join(leader.invitation());
  follower.joined(1);
  leader.commit(1'000);
  for (std::size_t i = 1; i < libraries; ++i) {
    auto& items = leader.add();
    follower.join(leader.invitation(items));
    follower.joined(i + 1);
    commit_all(items, 1'000);
  }
  // Looks at the files thin out, and what was written arrives.
  std::this_thread::sleep_for(how.quick ? 5s : 45s);
  const auto here = used_by(::getpid());
  const auto there = used_by(follower.id());
  const stopwatch watch;
  // Two heartbeats of each library, as they are by default.
  std::this_thread::sleep_for(how.quick ? 3s : 60s);
  const auto seconds = watch.seconds();
  const auto led = since(here, ::getpid());
  const auto followed = since(there, follower.id());
  const auto per_second = [&](const thread_use& use) {
    return static_cast<double>(use.sleeps) / seconds;
  };
  const goal half_a_percent{goal::kind::at_most, 0.5, false};
  return {{"at rest, 10 libraries, 2 members: the leader",
           "% of a core",
           led.seconds / seconds * 100,
           {},
           {},
           half_a_percent},
          {"the same, the follower",
           "% of a core",
           followed.seconds / seconds * 100,
           {},
           {},
           half_a_percent},
          {"the leader's threads wake up", "times/s", per_second(led)},
          {"the follower's threads wake up", "times/s", per_second(followed)}};
}

} // namespace lockstep::bench
