#include "persistence/sync_log_store.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lockstep {

namespace {

/// The one log that every process writes here: what its next entry is depends
/// only on its length.
class known_log {
public:
  entry next() {
    auto sequence = maker_.head().position.sequence.value + 1;
    maker_.under = test_ballot(1 + sequence / 100);
    return maker_.make(static_cast<std::uint8_t>(sequence % 7),
                       static_cast<std::uint8_t>(sequence % 3));
  }

  [[nodiscard]] const log_head& head() const {
    return maker_.head();
  }

private:
  entry_maker maker_;
};

/// Appends without end and writes each acknowledged sequence to `out`.
[[noreturn]] void append_for_ever(const std::filesystem::path& file, int out,
                                  std::uint64_t seed) {
  std::mt19937_64 random{seed};
  auto log = sync_log_store::open(file);
  known_log known;
  while (log && known.head() != *log->head())
    known.next();
  while (log) {
    auto follows = known.head().position;
    std::vector<entry> list;
    for (auto left = 1 + random() % 50; left > 0; --left)
      list.push_back(known.next());
    auto head = log->append(list.back().ballot, follows, list);
    if (!head)
      break;
    auto sequence = head->position.sequence.value;
    if (write(out, &sequence, sizeof sequence) != sizeof sequence)
      break;
  }
  _exit(1);
}

/// Kills a process that appends after so many of its acknowledgements. Returns
/// the last one, or none when the process failed by itself.
sequence_number append_and_kill(const std::filesystem::path& file,
                                std::uint64_t acknowledgements,
                                std::uint64_t seed) {
  int ends[2];
  if (pipe(ends) != 0)
    return {};
  auto child = fork();
  if (child == 0) {
    close(ends[0]);
    append_for_ever(file, ends[1], seed);
  }
  close(ends[1]);
  std::uint64_t sequence = 0;
  auto heard = [&] {
    return read(ends[0], &sequence, sizeof sequence) == sizeof sequence;
  };
  for (; acknowledgements > 0 && heard(); --acknowledgements) {}
  // A little further, to hit it anywhere in its work.
  for (auto spin = seed % 2'000'000; spin > 0; --spin)
    std::atomic_signal_fence(std::memory_order_seq_cst);
  kill(child, SIGKILL);
  while (heard()) {}
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? sequence_number{sequence} : sequence_number{};
}

} // namespace

TEST(slow_sync_log, acknowledged_entries_survive_kills) {
  const auto* given = std::getenv("LOCKSTEP_SEED");
  auto seed = given ? std::strtoull(given, nullptr, 10) : 5;
  SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  temporary_directory folder;
  for (int round = 0; round < 20; ++round) {
    auto acknowledged
      = append_and_kill(folder / "sync.db", 1 + random() % 20, random());
    ASSERT_TRUE(acknowledged);
    auto log = sync_log_store::open(folder / "sync.db");
    ASSERT_TRUE(log) << log.error().message;
    auto list = log->fetch_since({}, 1'000'000);
    ASSERT_TRUE(list);
    ASSERT_GE(list->size(), acknowledged.value);
    known_log known;
    for (const auto& one : *list)
      ASSERT_EQ(one, known.next());
    EXPECT_EQ(log->head(), known.head());
    EXPECT_EQ(log->count(), list->size());
    std::uint64_t numbers = 0;
    auto accepted = log->accepted();
    for (const auto& range : *accepted)
      numbers += range.last.value - range.first.value + 1;
    EXPECT_EQ(numbers, list->size());
  }
}

} // namespace lockstep
