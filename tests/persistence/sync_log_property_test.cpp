#include "persistence/sync_log_store.hpp"
#include "tests/persistence/realistic_images.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <cstdlib>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace lockstep {

namespace {

/// A log as it should be: its entries, each with the maker that continues it.
class log_model {
public:
  explicit log_model(std::uint64_t seed) : random_(seed), images_(seed) {
  }

  std::uint64_t pick(std::uint64_t below) {
    return random_() % below;
  }

  /// Random entries that may follow; not appended yet.
  std::vector<std::pair<entry, entry_maker>> next_entries() {
    std::vector<std::pair<entry, entry_maker>> made;
    auto maker = makers_.empty() ? entry_maker{} : makers_.back();
    if (pick(5) == 0)
      ++maker.under.term;
    auto taken = numbers_;
    for (auto left = 1 + pick(8); left > 0; --left) {
      auto next = maker.make(static_cast<std::uint8_t>(pick(5)),
                             static_cast<std::uint8_t>(1 + pick(3)));
      do
        next.device_sequence = device_sequence_number{1 + pick(400)};
      while (!taken.emplace(next.device, next.device_sequence).second);
      if (pick(4) != 0)
        next.data = images_.image(pick(image_maker::kinds), next.record);
      made.emplace_back(maker.sealed(next), maker);
    }
    return made;
  }

  void append(const std::vector<std::pair<entry, entry_maker>>& made) {
    for (const auto& [next, maker] : made) {
      entries.push_back(next);
      makers_.push_back(maker);
      numbers_.emplace(next.device, next.device_sequence);
    }
  }

  void truncate(std::size_t keep) {
    while (entries.size() > keep) {
      numbers_.erase({entries.back().device, entries.back().device_sequence});
      entries.pop_back();
      makers_.pop_back();
    }
  }

  [[nodiscard]] log_head head() const {
    return makers_.empty() ? log_head{} : makers_.back().head();
  }

  [[nodiscard]] std::vector<accepted_range> accepted() const {
    std::vector<accepted_range> ranges;
    for (const auto& [device, number] : numbers_)
      if (!ranges.empty() && ranges.back().device == device
          && ranges.back().last + 1 == number)
        ranges.back().last = number;
      else
        ranges.push_back({device, number, number});
    return ranges;
  }

  std::vector<entry> entries;

private:
  std::mt19937_64 random_;
  image_maker images_;
  std::vector<entry_maker> makers_;
  std::set<std::pair<device_id, device_sequence_number>> numbers_;
};

/// Whatever is done to it, a log is like one in memory. It packs images, or
/// does not, as `packs` says, which is asked whenever it is opened.
template <class Packs> void compare(Packs packs) {
  const auto* given = std::getenv("LOCKSTEP_SEED");
  auto seed = given ? std::strtoull(given, nullptr, 10) : 11;
  SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
  temporary_directory folder;
  log_model model{seed};
  auto open = [&] {
    log_settings how;
    how.compression = packs(model);
    how.dictionary_samples = 30;
    return sync_log_store::open(folder / "sync.db", how);
  };
  auto log = open();
  for (int step = 0; step < 400; ++step) {
    auto choice = model.pick(10);
    if (choice < 6) {
      auto made = model.next_entries();
      std::vector<entry> list;
      for (const auto& one : made)
        list.push_back(one.first);
      auto spoilt = model.pick(4) == 0;
      if (spoilt)
        ++list.back().version;
      auto head = log->append(list.back().ballot, model.head().position, list);
      ASSERT_EQ(head.has_value(), !spoilt);
      if (!spoilt)
        model.append(made);
    } else if (choice < 9) {
      auto keep
        = model.entries.size() - model.pick(model.entries.size() + 1) / 4;
      ASSERT_TRUE(log->truncate_after(sequence_number{keep}));
      model.truncate(keep);
    } else {
      log = fail(errc::closed, "");
      log = open();
    }
    ASSERT_TRUE(log);
    ASSERT_EQ(log->head(), model.head());
    ASSERT_EQ(log->count(), model.entries.size());
    ASSERT_EQ(log->accepted(), model.accepted());
    ASSERT_EQ(log->fetch_since({}, 10'000), model.entries);
  }
}

} // namespace

TEST(sync_log_property, stored_log_is_like_one_in_memory) {
  compare([](log_model&) { return false; });
}

TEST(sync_log_property, packed_log_is_like_one_in_memory) {
  compare([](log_model&) { return true; });
}

TEST(sync_log_property, partly_packed_log_is_like_one_in_memory) {
  compare([](log_model& model) { return model.pick(2) == 0; });
}

} // namespace lockstep
