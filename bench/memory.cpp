#include "bench/cases.hpp"

#include "bench/follower_process.hpp"
#include "bench/weighed_leader.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>

namespace lockstep::bench {

namespace {

constexpr double mebibyte = 1 << 20;

measurement memory_of(std::string what, const memory_use& most) {
  return {std::move(what),
          "MiB",
          static_cast<double>(most.beyond_page_caches()) / mebibyte,
          {},
          {},
          goal{goal::kind::at_most, 64, false},
          "beside "
            + std::to_string(
              std::llround(static_cast<double>(most.page_caches) / mebibyte))
            + " of page caches"};
}

} // namespace

std::vector<measurement> measure_memory(const extent& how) {
  const temporary_directory folder;
  const auto rows = how.of(1'000'000);
  const auto counted = std::to_string(rows);
  std::vector<measurement> all;
  weighed_leader leader{folder / "a"};
  leader.most();
  all.push_back(memory_of("memory with 10 libraries, at rest", leader.most()));

  follower_process follower{folder / "b", follower_process::manner::weighed};
  for (std::size_t i = 1; i < weighed_libraries; ++i) {
    follower.join(leader.invitation(i));
    follower.joined(i);
  }
  leader.most();
  leader.write(rows);
  all.push_back(memory_of("the same, in a transaction of " + counted + " rows",
                          leader.most()));

  follower.line_after("memory ");
  follower.join(leader.invitation(0));
  memory_use most;
  // Until its rows are in the table.
  const auto last = "joined " + std::to_string(weighed_libraries);
  for (bool arrived = false; !arrived;) {
    const auto line = follower.line_after("");
    arrived = line == last;
    if (line.starts_with("memory ")) {
      const auto use = parse_memory(line.substr(7));
      if (use.beyond_page_caches() > most.beyond_page_caches())
        most = use;
    }
  }
  all.push_back(
    memory_of("a follower in a first sync of " + counted + " entries", most));
  all.push_back(memory_of("the leader meanwhile", leader.most()));
  return all;
}

} // namespace lockstep::bench
