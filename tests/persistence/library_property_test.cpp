#include "protocol/chain.hpp"
#include "tests/persistence/library_device.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace lockstep {

namespace {

/// One leader and two followers that write few records with few unique names,
/// so that they conflict all the time, and hear of each other now and then.
class small_fleet {
public:
  explicit small_fleet(std::uint64_t seed) : random_(seed) {
    devices_[0].leads = true;
    for (auto& device : devices_) {
      device.elsewhere(note_table);
      EXPECT_TRUE(device.track("note"));
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i)
      step();
    for (int i = 0; i < 2; ++i)
      for (auto& device : devices_)
        exchange(device, true);
  }

  void check() {
    auto& leader = devices_[0];
    for (auto& device : devices_) {
      EXPECT_EQ(device.digest(), leader.digest());
      EXPECT_TRUE(device.pending().empty());
      EXPECT_EQ(device.rows("SELECT * FROM lockstep_set_aside"), "");
      EXPECT_EQ(device.rows("PRAGMA integrity_check"), "\"ok\"\n");
      EXPECT_EQ(device.rows("PRAGMA foreign_key_check"), "");
    }
    check_log(leader.entries());
  }

private:
  std::uint64_t pick(std::uint64_t below) {
    return random_() % below;
  }

  void step() {
    auto& device = devices_[pick(3)];
    switch (pick(8)) {
      case 0:
        device.reopen();
        break;
      case 1:
        device.elsewhere("UPDATE note SET text = text || 'x' WHERE uuid = '"
                         + uuid(record()) + "'");
        break;
      case 2:
      case 3:
        exchange(device, pick(2) == 0);
        break;
      default:
        write(device);
    }
  }

  std::uint8_t record() {
    return static_cast<std::uint8_t>(pick(4) + 1);
  }

  std::string name() {
    return std::string{"name "} + static_cast<char>('a' + pick(4));
  }

  sql_statement statement() {
    const auto where = " WHERE uuid = '" + uuid(record()) + "'";
    switch (pick(5)) {
      case 0:
        return {"DELETE FROM note" + where, {}};
      case 1:
        return {"UPDATE note SET name = '" + name() + "'" + where, {}};
      case 2:
        return {"UPDATE note SET text = '" + std::to_string(pick(9)) + "'"
                  + where,
                {}};
      default:
        return {insert_note(record(), name(), std::to_string(pick(9))), {}};
    }
  }

  void write(library_device& device) {
    std::vector<transaction_step> steps;
    for (auto left = pick(3) + 1; left > 0; --left)
      steps.emplace_back(statement());
    auto done = device.write(steps);
    if (!done) {
      EXPECT_EQ(done.error().code, errc::constraint) << done.error().message;
      return;
    }
    for (const auto& what : *done)
      accepted_.emplace(what.device, what.device_sequence);
  }

  /// A follower proposes, all or some of it, and takes what is new.
  void exchange(library_device& device, bool whole) {
    must_work(device.capture());
    if (device.leads)
      return;
    auto list = device.pending();
    if (!whole && !list.empty()) {
      const auto end = list[pick(list.size())].transaction_end;
      std::erase_if(list,
                    [&](const auto& what) { return what.transaction_end > end; });
    }
    must_work(devices_[0].sequence(list));
    must_work(device.follow(devices_[0]));
  }

  static void must_work(const expected<void>& done) {
    EXPECT_TRUE(done) << done.error().message;
  }

  void check_log(const std::vector<entry>& log) {
    std::uint64_t chain = 0;
    std::map<std::pair<std::string, record_id>, version_number> versions;
    std::map<std::pair<device_id, device_sequence_number>, int> times;
    for (const auto& what : log) {
      EXPECT_EQ(what.chain, chain_of(chain, what));
      chain = what.chain;
      auto& version = versions[{what.model, what.record}];
      EXPECT_LT(version, what.version);
      version = what.version;
      ++times[{what.device, what.device_sequence}];
    }
    for (const auto& [number, count] : times)
      EXPECT_EQ(count, 1) << to_string(number.second);
    for (const auto& number : accepted_)
      EXPECT_EQ(times.count(number), 1U) << to_string(number.second);
  }

  std::mt19937_64 random_;
  std::array<library_device, 3> devices_{library_device{1}, library_device{2},
                                         library_device{3}};
  std::set<std::pair<device_id, device_sequence_number>> accepted_;
};

} // namespace

TEST(library_property, devices_that_conflict_end_up_equal) {
  std::uint64_t first = 1;
  std::uint64_t last = 200;
  if (const char* given = std::getenv("LOCKSTEP_SEED"))
    first = last = std::strtoull(given, nullptr, 10);
  for (auto seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
    small_fleet fleet{seed};
    fleet.run(40);
    fleet.check();
    if (HasFailure())
      return;
  }
}

} // namespace lockstep
