#include "bench/cases.hpp"

#include "bench/follower_process.hpp"
#include "bench/open_library.hpp"
#include "tests/support/temporary_directory.hpp"

#include <thread>

namespace lockstep::bench {

namespace {

using namespace std::chrono_literals;

/// A device that listens, for others to join.
struct listening_device {
  listening_device() {
    must(items.use<item>().get());
  }

  static node listening(runtime& shared, const std::filesystem::path& at) {
    auto options = opened_device::options_for(at);
    options.network.emplace();
    options.network->listen = "127.0.0.1:0";
    return must(node::open(shared, std::move(options)));
  }

  [[nodiscard]] std::string invitation() {
    return must(device.invite(items, 10min)).text;
  }

  /// Rows in batches of 1,000.
  void commit(std::size_t count) {
    constexpr std::size_t batch = 1'000;
    const auto list = make_items(count);
    const std::span<const item> all{list};
    for (std::size_t at = 0; at < count; at += batch)
      must(items
             .commit_batch(all.subspan(at, std::min(batch, count - at)),
                           change_type::insert)
             .get());
  }

  sequence_number head() {
    return must(items.latest_sequence().get());
  }

  temporary_directory folder;
  runtime shared;
  node device = listening(shared, folder / "a");
  library items = must(device.create_library("items"));
};

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::nanoseconds to) {
  return std::chrono::duration<double>(to - from.time_since_epoch()).count();
}

} // namespace

std::vector<measurement> measure_latency(const extent& how) {
  listening_device leader;
  follower_process follower{leader.folder / "b", leader.invitation()};
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
  follower_process follower{leader.folder / "b", leader.invitation()};
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
  follower_process follower{leader.folder / "b", leader.invitation()};
  const auto seen = follower.applied(leader.head());
  return {{"first sync of " + std::to_string(count) + " entries",
           "entries/s",
           static_cast<double>(count) / seconds_between(start, seen),
           {},
           {},
           goal{goal::kind::at_least, 60'000, false}}};
}

} // namespace lockstep::bench
