#include "bench/cases.hpp"

#include "apps/cli/output.hpp"
#include "bench/follower_process.hpp"
#include "bench/listening_device.hpp"
#include "bench/plain_library.hpp"
#include "bench/process_use.hpp"

#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <random>

namespace lockstep::bench {

namespace {

/// What one piece of the work costs in one library.
using piece_of_work = std::function<double(library&, std::size_t which)>;

struct work {
  std::string name;
  std::string unit;
  piece_of_work cost;
  /// Of the median's ratio; none where nothing is promised.
  std::optional<double> most;
};

/// Libraries that differ in the length of their logs only, and plain ones that
/// do.
class long_and_short {
public:
  explicit long_and_short(std::vector<std::size_t> sizes)
    : sizes_(std::move(sizes)) {
    // The follower comes first: its tables fill as the log grows.
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      if (i > 0)
        leader_.add();
      follower_.join(leader_.invitation(at(i)));
      follower_.joined(i + 1);
    }
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      std::cerr << "  a log of " << cli::with_commas(sizes_[i]) << " ...\n";
      commit_all(at(i), sizes_[i]);
      wait_for_follower(i);
      write_plainly(sizes_[i]);
    }
  }

  library& at(std::size_t which) {
    return which == 0 ? leader_.items : leader_.others.at(which - 1);
  }

  plain_library& plain(std::size_t which) {
    return *plain_.at(which);
  }

  [[nodiscard]] std::int64_t size(std::size_t which) const {
    return static_cast<std::int64_t>(sizes_.at(which));
  }

  /// The libraries take turns, so that a disk which changes its mind changes
  /// all; each figure is beside that of the shortest log.
  void measure(const work& what, int turns, std::vector<measurement>& into) {
    std::vector<std::vector<double>> costs(sizes_.size());
    for (int turn = 0; turn < turns; ++turn)
      for (std::size_t i = 0; i < sizes_.size(); ++i) {
        costs[i].push_back(what.cost(at(i), i));
        // Nobody has to do with what came before.
        wait_for_follower(i);
      }
    for (std::size_t i = 1; i < sizes_.size(); ++i)
      into.push_back(
        {what.name + ", log of " + cli::with_commas(sizes_[i]), what.unit,
         median(costs[i]), "of " + cli::with_commas(sizes_[0]),
         median(costs[0]),
         what.most ? std::optional{goal{goal::kind::at_most, *what.most, true}}
                   : std::nullopt});
  }

  double seconds_to_open(std::size_t which) {
    const auto id = at(which).id();
    must(leader_.device.close_library(id).map([] { return done{}; }));
    const stopwatch watch;
    at(which) = must(leader_.device.open_library(to_string(id)));
    must(at(which).use<item>().get());
    return watch.seconds();
  }

  void wait_for_follower(std::size_t which) {
    follower_.applied(must(at(which).latest_sequence().get()), which);
  }

  double follower_seconds() {
    return used_by(follower_.id()).seconds;
  }

private:
  void write_plainly(std::size_t count) {
    constexpr std::size_t batch = 1'000;
    const auto folder = leader_.folder / ("plain" + std::to_string(count));
    std::filesystem::create_directory(folder);
    plain_.push_back(
      std::make_unique<plain_library>(folder, plain_library::key::uuid));
    for (std::size_t done = 0; done < count; done += batch)
      plain_.back()->write(make_items(std::min(batch, count - done)));
  }

  std::vector<std::size_t> sizes_;
  std::vector<std::unique_ptr<plain_library>> plain_;
  listening_device leader_;
  follower_process follower_{leader_.folder / "b"};
};

double microseconds_each(const stopwatch& watch, std::size_t count) {
  return watch.seconds() * 1e6 / static_cast<double>(count);
}

double commit_some(library& items) {
  constexpr std::size_t count = 200;
  const auto list = make_items(count);
  const stopwatch watch;
  for (const auto& one : list)
    must(items.commit(one, change_type::insert).get());
  return microseconds_each(watch, count);
}

constexpr std::size_t batch_rows = 5'000;

double commit_batches(library& items) {
  const stopwatch watch;
  commit_all(items, batch_rows);
  return microseconds_each(watch, batch_rows);
}

/// Rows that lie anywhere in the table.
double update_some(library& items, std::mt19937_64& random) {
  constexpr std::size_t count = 1'000;
  const auto rows = std::get<std::int64_t>(
    must(items.query("SELECT max(rowid) FROM item").get()).rows.at(0).at(0));
  std::uniform_int_distribution<std::int64_t> any{1, rows};
  auto all = items.transaction();
  for (std::size_t i = 0; i < count; ++i)
    all.execute("UPDATE item SET amount = amount + 1 WHERE rowid = ?",
                {any(random)});
  const stopwatch watch;
  must(all.commit().get());
  return microseconds_each(watch, count);
}

double fetch_some(library& items, std::mt19937_64& random) {
  constexpr std::uint32_t limit = 1'000;
  constexpr std::size_t fetches = 50;
  const auto head = must(items.latest_sequence().get()).value;
  std::uniform_int_distribution<std::uint64_t> any{0, head - limit};
  const stopwatch watch;
  for (std::size_t i = 0; i < fetches; ++i)
    must(items.fetch_since(sequence_number{any(random)}, limit).get());
  return microseconds_each(watch, fetches * limit);
}

double update_plainly(plain_library& items, std::int64_t rows,
                      std::mt19937_64& random) {
  constexpr std::size_t count = 1'000;
  std::uniform_int_distribution<std::int64_t> any{1, rows};
  std::vector<std::int64_t> list(count);
  for (auto& row : list)
    row = any(random);
  const stopwatch watch;
  items.update(list);
  return microseconds_each(watch, count);
}

double read_plainly(plain_library& items, std::mt19937_64& random) {
  constexpr std::int64_t limit = 1'000;
  constexpr std::size_t reads = 50;
  std::uniform_int_distribution<std::int64_t> any{0, items.last() - limit};
  const stopwatch watch;
  for (std::size_t i = 0; i < reads; ++i)
    items.read_log(any(random), limit);
  return microseconds_each(watch, reads * limit);
}

} // namespace

std::vector<measurement> measure_growth(const extent& how) {
  std::vector<std::size_t> sizes{10'000, how.of(1'000'000)};
  if (how.large)
    sizes.push_back(how.of(10'000'000));
  long_and_short libraries{sizes};
  std::mt19937_64 random{1};
  constexpr int turns = 7;
  constexpr double same = 1.1;
  std::vector<measurement> all;
  libraries.measure(
    {"commit", "us",
     [](library& items, std::size_t) { return commit_some(items); }, same},
    turns, all);
  libraries.measure(
    {"a row of a batch", "us",
     [](library& items, std::size_t) { return commit_batches(items); }, same},
    turns, all);
  libraries.measure(
    {"an update of rows anywhere", "us",
     [&](library& items, std::size_t) { return update_some(items, random); },
     same},
    turns, all);
  libraries.measure({"the same in plain SQLite", "us",
                     [&](library&, std::size_t i) {
                       return update_plainly(libraries.plain(i),
                                             libraries.size(i), random);
                     },
                     std::nullopt},
                    turns, all);
  libraries.measure(
    {"fetch of an entry", "us",
     [&](library& items, std::size_t) { return fetch_some(items, random); },
     same},
    turns, all);
  libraries.measure({"the same in plain SQLite", "us",
                     [&](library&, std::size_t i) {
                       return read_plainly(libraries.plain(i), random);
                     },
                     std::nullopt},
                    turns, all);
  // The time on a core: what it waits for is the leader, most of the time.
  libraries.measure({"apply, a row, core time of the follower", "us",
                     [&](library& items, std::size_t i) {
                       const auto before = libraries.follower_seconds();
                       commit_all(items, batch_rows);
                       libraries.wait_for_follower(i);
                       return (libraries.follower_seconds() - before) * 1e6
                              / static_cast<double>(batch_rows);
                     },
                     same},
                    turns, all);
  // Last, as a device that closes a library hands over.
  libraries.measure({"open", "ms",
                     [&](library&, std::size_t i) {
                       return libraries.seconds_to_open(i) * 1'000;
                     },
                     std::nullopt},
                    turns, all);
  return all;
}

} // namespace lockstep::bench
