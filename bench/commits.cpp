#include "bench/cases.hpp"

#include "bench/open_library.hpp"
#include "bench/plain_library.hpp"
#include "tests/support/temporary_directory.hpp"

#include <atomic>
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

} // namespace

std::vector<measurement> measure_commits(const extent& how) {
  const temporary_directory folder;
  runtime shared;
  opened_device ours{shared, folder / "device"};
  must(ours.items.use<item>().get());
  plain_library plain{folder.path(), plain_library::key::uuid};

  std::vector<measurement> list;
  const auto singles = how.of(4'000);
  const auto [one, plain_one] = in_turns(
    5, [&] { return commit_one_by_one(ours.items, singles / 5); },
    [&] { return write_plainly(plain, singles / 5, 1); });
  list.push_back({"commit, one caller", "commits/s", one, "plain SQLite",
                  plain_one, goal{goal::kind::at_least, 0.75, true}});

  const auto many = how.of(64'000);
  list.push_back({"commit, 64 callers at once", "commits/s",
                  commit_at_once(ours.items, 64, many),
                  "plain SQLite, one by one", plain_one});

  const auto batches = how.of(60);
  const auto [batched, plain_batched] = in_turns(
    3, [&] { return commit_batches(ours.items, batches / 3 + 1); },
    [&] { return write_plainly(plain, (batches / 3 + 1) * batch, batch); });
  list.push_back({"commit_batch of 1,000", "rows/s", batched, "plain SQLite",
                  plain_batched, goal{goal::kind::at_least, 0.8, true}});
  return list;
}

} // namespace lockstep::bench
