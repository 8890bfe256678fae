#include "protocol/forgetting.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

namespace lockstep {
namespace {

log_head at(std::uint64_t sequence, std::uint64_t chain = 7) {
  return {{{}, sequence_number{sequence}}, chain};
}

TEST(forgetting, is_the_same_in_whatever_order) {
  const auto one = forget(forget({}, at(3)), at(9));
  const auto other = forget(forget({}, at(9)), at(3));
  EXPECT_EQ(one, other);
  EXPECT_EQ(one.through, sequence_number{9});
  EXPECT_NE(one.digest, forget({}, at(9)).digest);
}

TEST(forgetting, tells_logs_apart_that_differ) {
  EXPECT_NE(forget({}, at(3, 1)).digest, forget({}, at(3, 2)).digest);
}

TEST(forgetting, an_empty_log_takes_what_there_is) {
  const auto source = forget({}, at(9));
  EXPECT_EQ(continued_with({}, {}, source), source);
}

TEST(forgetting, a_log_goes_on_behind_all_that_another_has_forgotten) {
  const auto source = forget({}, at(9));
  EXPECT_EQ(continued_with({}, sequence_number{8}, source), std::nullopt);
  EXPECT_EQ(continued_with({}, sequence_number{9}, source),
            forgotten_deletions{});
}

TEST(forgetting, what_began_with_a_log_goes_on_with_the_same) {
  const auto source = forget({}, at(9));
  EXPECT_EQ(continued_with(source, sequence_number{4}, source), source);
  // It has forgotten more meanwhile.
  EXPECT_EQ(continued_with(source, sequence_number{4}, forget(source, at(12))),
            std::nullopt);
}

TEST(forgetting, what_goes_on_with_another_log_is_like_neither) {
  const auto first = forget({}, at(9));
  const auto mixed = continued_with(first, sequence_number{4}, {});
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->through, sequence_number{4});
  EXPECT_NE(mixed->digest, first.digest);
  EXPECT_NE(mixed->digest, 0U);
  EXPECT_EQ(continued_alone(first, sequence_number{4}), *mixed);
  EXPECT_EQ(continued_alone(first, sequence_number{9}), first);
}

/// Records that are made and deleted, as a log of numbers tells it: each entry
/// makes its record live or ends it.
struct model_log {
  std::map<std::uint64_t, std::pair<int, bool>> entries;
  forgotten_deletions forgotten;
  std::uint64_t end = 0;

  void remove_record(int record, std::uint64_t through) {
    std::erase_if(entries, [&](const auto& one) {
      return one.second.first == record && one.first <= through;
    });
  }

  [[nodiscard]] std::set<int> living() const {
    std::set<int> all;
    for (const auto& [sequence, what] : entries) {
      if (what.second)
        all.insert(what.first);
      else
        all.erase(what.first);
    }
    return all;
  }

  /// A deletion that all know goes with what it deleted.
  void vacuum(std::mt19937_64& random) {
    for (const auto& [sequence, what] : std::map{entries})
      if (!what.second && random() % 2 == 0) {
        forgotten = forget(forgotten, at(sequence, sequence));
        remove_record(what.first, sequence);
      }
  }
};

/// However often a log that is fetched changes its source while these forget
/// deletions, it ends with the records that live, or is told to begin anew.
TEST(forgetting, brings_no_record_back) {
  std::mt19937_64 random{5};
  int changed = 0;
  int refused = 0;
  for (int round = 0; round < 3'000; ++round) {
    model_log whole;
    std::vector<bool> lives(12, false);
    for (std::uint64_t sequence = 1; sequence <= 20; ++sequence) {
      const auto record = static_cast<int>(random() % lives.size());
      lives[static_cast<std::size_t>(record)]
        = !lives[static_cast<std::size_t>(record)];
      whole.entries[sequence]
        = {record, lives[static_cast<std::size_t>(record)]};
      whole.end = sequence;
    }
    std::vector<model_log> sources(3, whole);
    for (auto& one : sources)
      one.vacuum(random);
    model_log mine;
    auto last = sources.size();
    while (mine.end < whole.end) {
      const auto which = random() % sources.size();
      auto& source = sources[which];
      if (random() % 6 == 0)
        source.vacuum(random);
      const auto then = continued_with(
        mine.forgotten, sequence_number{mine.end}, source.forgotten);
      if (!then) {
        ++refused;
        mine = {};
        last = sources.size();
        continue;
      }
      changed += last != sources.size() && last != which ? 1 : 0;
      last = which;
      mine.forgotten = *then;
      auto next = source.entries.upper_bound(mine.end);
      for (int i = 0; i < 3 && next != source.entries.end(); ++i, ++next) {
        mine.entries.insert(*next);
        mine.end = next->first;
      }
      if (next == source.entries.end())
        mine.end = whole.end;
    }
    ASSERT_EQ(mine.living(), whole.living()) << round;
  }
  EXPECT_GT(changed, 100);
  EXPECT_GT(refused, 100);
}

} // namespace
} // namespace lockstep
