#include "bench/cases.hpp"

#include "bench/open_library.hpp"
#include "persistence/sync_log_store.hpp"
#include "protocol/chain.hpp"
#include "tests/support/temporary_directory.hpp"

#include <algorithm>

namespace lockstep::bench {

namespace {

/// Writes entries like those of `item`, without tables.
class log_writer {
public:
  log_writer(const std::filesystem::path& file, const log_settings& how)
    : log_(must(sync_log_store::open(file, how))) {
    device_.bytes[0] = 1;
  }

  /// Appends so many in one transaction; the seconds that took.
  double append(std::size_t count) {
    const auto items = make_items(count);
    std::vector<entry> piece;
    for (const auto& one : items) {
      entry what;
      what.sequence = sequence_number{++done_};
      what.ballot = {term_number{1}, device_};
      what.device = device_;
      what.device_sequence = device_sequence_number{done_};
      what.timestamp.packed = done_;
      what.model = "item";
      what.record = one.uuid;
      what.version = version_number{1};
      what.transaction_end = what.sequence;
      what.data = to_image(one);
      what.chain
        = chain_of(piece.empty() ? head_.chain : piece.back().chain, what);
      piece.push_back(std::move(what));
    }
    const stopwatch watch;
    head_ = must(log_.append({term_number{1}, device_}, head_.position, piece));
    return watch.seconds();
  }

private:
  sync_log_store log_;
  device_id device_;
  log_head head_;
  std::uint64_t done_ = 0;
};

/// Fills a log in pieces of 1,000; the entries a second.
double fill_log(const std::filesystem::path& file, std::size_t count,
                const log_settings& how = {}) {
  log_writer log{file, how};
  double seconds = 0;
  for (std::size_t done = 0; done < count; done += 1'000)
    seconds += log.append(std::min<std::size_t>(1'000, count - done));
  return static_cast<double>(count) / seconds;
}

/// Entries a second, in fetches of 1,000, from a position on.
double fetch_from(const sync_log_reader& log, std::size_t from,
                  std::size_t count) {
  sequence_number cursor{from};
  const stopwatch watch;
  std::size_t read = 0;
  while (read < count) {
    const auto list = must(log.fetch_since(cursor, 1'000));
    if (list.empty())
      break;
    read += list.size();
    cursor = list.back().sequence;
  }
  return static_cast<double>(read) / watch.seconds();
}

} // namespace

std::vector<measurement> measure_log_reading(const extent& how) {
  const temporary_directory folder;
  const auto size = how.of(1'000'000);
  fill_log(folder / "sync.db", size);
  const auto log = must(sync_log_reader::open(folder / "sync.db"));
  const auto count = size / 5;
  const auto begin = fetch_from(log, 0, count);
  const auto middle = fetch_from(log, size / 2, count);
  const auto end = fetch_from(log, size - count, count);
  return {{"fetch_since in a log of " + std::to_string(size),
           "entries/s",
           middle,
           {},
           {},
           goal{goal::kind::at_least, 500'000, false}},
          {"the same at the log's end", "entries/s", end, "at its beginning",
           begin, goal{goal::kind::at_least, 0.9, true}}};
}

std::vector<measurement> measure_log_packing(const extent& how) {
  const temporary_directory folder;
  const auto size = how.of(1'000'000);
  log_settings packs;
  packs.compression = true;
  struct figures {
    double append;
    double fetch;
    double bytes;
  };
  auto measured = [&](const char* name, const log_settings& settings) {
    const auto file = folder / name;
    figures made{};
    made.append = fill_log(file, size, settings);
    made.fetch
      = fetch_from(must(sync_log_reader::open(file)), size / 2, size / 5);
    made.bytes = static_cast<double>(std::filesystem::file_size(file))
                 / static_cast<double>(size);
    return made;
  };
  const auto plain = measured("plain.db", {});
  const auto packed = measured("packed.db", packs);

  std::vector<double> makes_dictionary;
  std::vector<double> others;
  for (int i = 0; i < 20; ++i) {
    log_writer log{folder / ("short" + std::to_string(i)), packs};
    log.append(packs.dictionary_samples);
    makes_dictionary.push_back(log.append(1));
    others.push_back(log.append(1));
  }
  return {{"append of 1,000, packed", "entries/s", packed.append, "not packed",
           plain.append},
          {"fetch_since of packed entries", "entries/s", packed.fetch,
           "not packed", plain.fetch},
          {"an entry in the file, packed", "bytes", packed.bytes, "not packed",
           plain.bytes, goal{goal::kind::at_most, 120, false}},
          {"the append that makes a dictionary, median", "ms",
           median(makes_dictionary) * 1e3, "the next one", median(others) * 1e3,
           goal{goal::kind::at_most, 20, false}}};
}

} // namespace lockstep::bench
