#include "bench/cases.hpp"

#include "bench/follower_process.hpp"
#include "bench/listening_device.hpp"

#include <thread>

namespace lockstep::bench {

namespace {

using namespace std::chrono_literals;

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::nanoseconds to) {
  return std::chrono::duration<double>(to - from.time_since_epoch()).count();
}

} // namespace

std::vector<measurement> measure_latency(const extent& how) {
  listening_device leader;
  follower_process follower{leader.folder / "b"};
  follower.join(leader.invitation());
  leader.commit(1);
  follower.applied(leader.head());
  std::vector<double> milliseconds;
  const auto list = make_items(how.of(1'000) + 100);
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::this_thread::sleep_for(5ms);
    const auto start = std::chrono::steady_clock::now();
    must(leader.items.commit(list[i], change_type::insert).get());
    const auto seen = follower.applied(leader.head());
    // What comes first warms up.
    if (i >= 100)
      milliseconds.push_back(seconds_between(start, seen) * 1'000);
  }
  return {{"commit on A until applied on B, median",
           "ms",
           median(milliseconds),
           {},
           {},
           goal{goal::kind::at_most, 2, false}},
          {"the same, 99th percentile",
           "ms",
           percentile(milliseconds, 0.99),
           {},
           {},
           goal{goal::kind::at_most, 10, false}}};
}

std::vector<measurement> measure_replication(const extent& how) {
  listening_device leader;
  follower_process follower{leader.folder / "b"};
  follower.join(leader.invitation());
  leader.commit(1);
  follower.applied(leader.head());
  const auto count = how.of(200'000);
  const auto start = std::chrono::steady_clock::now();
  leader.commit(count);
  const auto committed = std::chrono::steady_clock::now();
  const auto seen = follower.applied(leader.head());
  const auto rows = static_cast<double>(count);
  return {{"replication of " + std::to_string(count) + " rows, A to B",
           "rows/s",
           rows / seconds_between(start, seen),
           {},
           {},
           goal{goal::kind::at_least, 40'000, false},
           "of these, A alone commits "
             + std::to_string(static_cast<int>(
               rows / seconds_between(start, committed.time_since_epoch())))
             + " a second"}};
}

std::vector<measurement> measure_first_sync(const extent& how) {
  listening_device leader;
  const auto count = how.of(1'000'000);
  leader.commit(count);
  const auto start = std::chrono::steady_clock::now();
  follower_process follower{leader.folder / "b"};
  follower.join(leader.invitation());
  const auto seen = follower.applied(leader.head());
  // The log is here; a table that this device did not have fills after that.
  follower.joined(1);
  const auto filled = std::chrono::steady_clock::now();
  const auto entries = static_cast<double>(count);
  return {{"first sync of " + std::to_string(count) + " entries",
           "entries/s",
           entries / seconds_between(start, seen),
           {},
           {},
           goal{goal::kind::at_least, 60'000, false}},
          {"the same, until they are rows of a table that is tracked then",
           "entries/s",
           entries / seconds_between(start, filled.time_since_epoch()),
           {},
           {},
           goal{goal::kind::at_least, 60'000, false}}};
}

} // namespace lockstep::bench
