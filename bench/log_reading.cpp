#include "bench/cases.hpp"

#include "bench/open_library.hpp"
#include "persistence/sync_log_store.hpp"
#include "protocol/chain.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lockstep::bench {

namespace {

/// A log of this many entries like those of `item`, made without its tables.
void fill_log(const std::filesystem::path& file, std::size_t count) {
  auto log = must(sync_log_store::open(file));
  const auto list = make_items(10'000);
  device_id device;
  device.bytes[0] = 1;
  log_head head;
  for (std::size_t done = 0; done < count;) {
    std::vector<entry> piece;
    for (const auto& one : list) {
      entry what;
      what.sequence = sequence_number{++done};
      what.ballot = {term_number{1}, device};
      what.device = device;
      what.device_sequence = device_sequence_number{done};
      what.timestamp.packed = done;
      what.model = "item";
      what.record = make_record_id();
      what.version = version_number{1};
      what.transaction_end = what.sequence;
      what.data = to_image(one);
      what.chain
        = chain_of(piece.empty() ? head.chain : piece.back().chain, what);
      piece.push_back(std::move(what));
      if (done == count)
        break;
    }
    head = must(log.append({term_number{1}, device}, head.position, piece));
  }
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

} // namespace lockstep::bench
