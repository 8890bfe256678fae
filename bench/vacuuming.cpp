#include "bench/cases.hpp"

#include "bench/open_library.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace lockstep::bench {

namespace {

using namespace std::chrono_literals;

/// What one commit after the other takes, in milliseconds, as long as
/// `goes_on`.
template <class GoesOn>
std::vector<double> commit_while(library& items, GoesOn goes_on) {
  std::vector<double> times;
  while (goes_on()) {
    const auto one = make_items(1).front();
    const stopwatch watch;
    must(items.commit(one, change_type::insert).get());
    times.push_back(watch.seconds() * 1'000);
  }
  return times;
}

} // namespace

std::vector<measurement> measure_vacuum(const extent& how) {
  const temporary_directory folder;
  runtime shared;
  opened_device ours{shared, folder / "device"};
  auto& items = ours.items;
  must(items.use<item>().get());
  // Records that were changed fifty times each.
  const auto list = make_items(how.of(10'000));
  for (std::size_t at = 0; at < list.size(); at += 1'000)
    must(items
           .commit_batch(std::span<const item>{list}.subspan(
                           at, std::min<std::size_t>(1'000, list.size() - at)),
                         change_type::insert)
           .get());
  constexpr std::size_t changes = 50;
  for (std::size_t i = 1; i < changes; ++i) {
    auto all = items.transaction();
    all.execute("UPDATE item SET amount = amount + 1");
    must(all.commit().get());
  }

  const stopwatch vacuumed;
  auto answer
    = items.vacuum_old_entries(std::chrono::floor<std::chrono::milliseconds>(
      std::chrono::system_clock::now()));
  const auto beside = commit_while(
    items, [&] { return answer.wait_for(0s) != std::future_status::ready; });
  const auto seconds = vacuumed.seconds();
  const auto removed = must(answer.get()).removed;
  const stopwatch watch;
  const auto alone
    = commit_while(items, [&] { return watch.seconds() < seconds; });
  std::ostringstream remark;
  remark << removed << " entries removed in " << std::fixed
         << std::setprecision(1) << seconds << " s";
  return {
    {"longest commit beside a vacuum", "ms", percentile(beside, 1),
     "without it", percentile(alone, 1), goal{goal::kind::at_most, 20, false},
     remark.str()},
    {"the same, 99th percentile", "ms", percentile(beside, 0.99), "without it",
     percentile(alone, 0.99)},
    {"the same, median", "ms", median(beside), "without it", median(alone)}};
}

} // namespace lockstep::bench
