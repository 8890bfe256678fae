#include "bench/cases.hpp"

#include "bench/open_library.hpp"
#include "bench/plain_library.hpp"
#include "tests/support/temporary_directory.hpp"

#include <thread>

namespace lockstep::bench {

namespace {

double per_second(std::size_t count, double seconds) {
  return static_cast<double>(count) / seconds;
}

/// Lockstep and the baseline take turns, so that a disk which changes its mind
/// changes both.
template <class Ours, class Plain>
std::pair<double, double> in_turns(int turns, Ours ours, Plain plain) {
  std::vector<double> our_rates;
  std::vector<double> plain_rates;
  for (int turn = 0; turn < turns; ++turn) {
    plain_rates.push_back(plain());
    our_rates.push_back(ours());
  }
  return {median(our_rates), median(plain_rates)};
}

double commit_one_by_one(library& items, std::size_t count) {
  const auto list = make_items(count);
  const stopwatch watch;
  for (const auto& one : list)
    must(items.commit(one, change_type::insert).get());
  return per_second(count, watch.seconds());
}

/// `callers` threads, each of which waits for its commit before the next one.
double commit_at_once(library& items, std::size_t callers, std::size_t count) {
  std::vector<std::vector<item>> lists;
  for (std::size_t i = 0; i < callers; ++i)
    lists.push_back(make_items(count / callers));
  const stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (const auto& list : lists)
      threads.emplace_back([&items, &list] {
        for (const auto& one : list)
          must(items.commit(one, change_type::insert).get());
      });
  }
  return per_second(count / callers * callers, watch.seconds());
}

constexpr std::size_t batch = 1'000;

double commit_batches(library& items, std::size_t batches) {
  const auto list = make_items(batches * batch);
  const stopwatch watch;
  for (std::size_t i = 0; i < batches; ++i)
    must(items
           .commit_batch(std::span<const item>{list}.subspan(i * batch, batch),
                         change_type::insert)
           .get());
  return per_second(list.size(), watch.seconds());
}

double write_plainly(plain_library& plain, std::size_t count, std::size_t at) {
  const auto list = make_items(count);
  const stopwatch watch;
  for (std::size_t i = 0; i < count; i += at)
    plain.write(std::span<const item>{list}.subspan(i, at));
  return per_second(count, watch.seconds());
}

/// A device with the table of `item`, and the baseline beside it.
struct both {
  both() {
    must(ours.items.use<item>().get());
  }

  temporary_directory folder;
  runtime shared;
  opened_device ours{shared, folder / "device"};
  plain_library plain{folder.path(), plain_library::key::uuid};
};

} // namespace

std::vector<measurement> measure_commits(const extent& how) {
  both devices;
  const auto count = how.of(4'000) / 5;
  const auto [ours, plain] = in_turns(
    5, [&] { return commit_one_by_one(devices.ours.items, count); },
    [&] { return write_plainly(devices.plain, count, 1); });
  return {{"commit, one caller", "commits/s", ours, "plain SQLite", plain,
           goal{goal::kind::at_least, 0.75, true}}};
}

std::vector<measurement> measure_commits_at_once(const extent& how) {
  both devices;
  const auto count = how.of(64'000) / 3;
  const auto [ours, plain] = in_turns(
    3, [&] { return commit_at_once(devices.ours.items, 64, count); },
    [&] { return write_plainly(devices.plain, how.of(2'000), 1); });
  return {{"commit, 64 callers at once", "commits/s", ours,
           "plain SQLite, one caller", plain}};
}

std::vector<measurement> measure_batches(const extent& how) {
  both devices;
  const auto batches = how.of(100) / 5 + 1;
  const auto [ours, plain] = in_turns(
    5, [&] { return commit_batches(devices.ours.items, batches); },
    [&] { return write_plainly(devices.plain, batches * batch, batch); });
  return {{"commit_batch of 1,000", "rows/s", ours, "plain SQLite", plain,
           goal{goal::kind::at_least, 0.8, true}}};
}

} // namespace lockstep::bench
