#include "protocol/chain.hpp"
#include "tests/persistence/library_device.hpp"
#include "tests/support/each_seed.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>

namespace lockstep {

namespace {

/// Three devices that write few records with few unique names, so that they
/// conflict all the time, and hear of each other now and then. Who leads
/// changes, and an old leader goes on until it hears of the new one.
class small_fleet {
public:
  explicit small_fleet(std::uint64_t seed) : random_(seed) {
    devices_[0].leads = true;
    const std::string action = seed % 2 == 0 ? "ON DELETE CASCADE" : "";
    for (auto& device : devices_) {
      device.elsewhere(note_table);
      device.elsewhere("CREATE TABLE line(uuid TEXT PRIMARY KEY, note TEXT"
                       " NOT NULL REFERENCES note(uuid) "
                       + action + ")");
      must_work(device.track("note"));
      must_work(device.track("line"));
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
    for (auto& device : devices_) {
      EXPECT_EQ(device.digest(), leader().digest());
      EXPECT_EQ(device.store->pending.count(), 0U);
      EXPECT_EQ(device.rows("SELECT * FROM lockstep_set_aside"), "");
      EXPECT_EQ(device.rows("PRAGMA integrity_check"), "\"ok\"\n");
      EXPECT_EQ(device.rows("PRAGMA foreign_key_check"), "");
    }
    check_log(leader().entries());
    check_rows();
  }

private:
  std::uint64_t pick(std::uint64_t below) {
    return random_() % below;
  }

  library_device& leader() {
    return devices_[leader_];
  }

  void step() {
    const auto number = pick(3);
    auto& device = devices_[number];
    switch (pick(16)) {
      case 0:
        device.reopen();
        break;
      case 1:
        device.elsewhere("UPDATE note SET text = text || 'x' WHERE uuid = '"
                         + uuid(record()) + "'");
        break;
      case 2:
        if (number != leader_)
          elect(number);
        break;
      case 3:
      case 4:
      case 5:
      case 6:
        exchange(device, pick(2) == 0);
        break;
      default:
        write(device);
    }
  }

  void elect(std::size_t number) {
    leader_ = number;
    must_work(leader().take_office(
      test_ballot(++term_, static_cast<std::uint8_t>(number + 1))));
  }

  std::uint8_t record() {
    return static_cast<std::uint8_t>(pick(4) + 1);
  }

  std::string name() {
    return std::string{"name "} + static_cast<char>('a' + pick(4));
  }

  sql_statement statement() {
    const auto where = " WHERE uuid = '" + uuid(record()) + "'";
    switch (pick(9)) {
      case 0:
        return {"DELETE FROM note" + where, {}};
      case 1:
      case 2:
        return {"UPDATE note SET name = '" + name() + "'" + where, {}};
      case 3:
        return {"UPDATE note SET text = '" + std::to_string(pick(9)) + "'"
                  + where,
                {}};
      case 4:
        return {"INSERT INTO line VALUES('" + uuid(record()) + "', '"
                  + uuid(record()) + "')",
                {}};
      case 5:
        return {"DELETE FROM line" + where, {}};
      default:
        return {insert_note(record(), name(), std::to_string(pick(9))), {}};
    }
  }

  /// Some of the names go round in a circle.
  std::vector<transaction_step> exchanged_names() {
    std::vector<transaction_step> steps;
    const std::array names{name(), name(), name()};
    auto rename = [&](const std::string& from, const std::string& to) {
      steps.emplace_back(
        sql_statement{"UPDATE note SET name = ? WHERE name = ?", {to, from}});
    };
    rename(names[0], "nothing");
    rename(names[1], names[0]);
    rename(names[2], names[1]);
    rename("nothing", names[2]);
    return steps;
  }

  void write(library_device& device) {
    std::vector<transaction_step> steps;
    if (pick(5) == 0)
      steps = exchanged_names();
    else
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

  /// A device hears of the leader: yields where its log differs, proposes all
  /// or some of what is pending, and takes what is new.
  void exchange(library_device& device, bool whole) {
    must_work(device.capture());
    if (&device == &leader())
      return;
    device.leads = false;
    device.ballot = leader().ballot;
    yield(device);
    auto list = device.pending();
    if (!whole && !list.empty()) {
      auto end = list.begin() + static_cast<std::ptrdiff_t>(pick(list.size()));
      const auto last = *end;
      while (end != list.end() && end->device == last.device
             && end->transaction_end == last.transaction_end)
        ++end;
      list.erase(end, list.end());
    }
    must_work(leader().capture());
    must_work(leader().sequence(list));
    must_work(device.follow(leader()));
  }

  void yield(library_device& device) {
    const auto keep = device.common_with(leader());
    if (keep.value == device.entries().size())
      return;
    must_work(device.give_back(keep));
    if (pick(3) == 0) {
      device.reopen();
      must_work(device.catch_up());
      must_work(device.give_back(keep));
    }
    device.cut(keep);
    if (pick(3) == 0)
      device.reopen();
  }

  static void must_work(const auto& done) {
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

  /// The rows are what the newest entries of their records say.
  void check_rows() {
    std::map<std::pair<std::string, record_id>, std::string> newest;
    for (const auto& what : leader().entries())
      newest[{what.model, what.record}] = what.data;
    auto& store = *leader().store;
    for (const auto& [key, data] : newest)
      if (const auto* schema = store.tables.by_model(key.first)) {
        const auto image = store.rows.read(*schema, key.second);
        EXPECT_EQ(image ? image->dump() : "", data);
      }
  }

  std::mt19937_64 random_;
  std::size_t leader_ = 0;
  std::uint64_t term_ = 1;
  std::array<library_device, 3> devices_{library_device{1}, library_device{2},
                                         library_device{3}};
  std::set<std::pair<device_id, device_sequence_number>> accepted_;
};

} // namespace

TEST(library_property, devices_that_conflict_end_up_equal) {
  for_each_seed(200, [](std::uint64_t seed) {
    small_fleet fleet{seed};
    fleet.run(40);
    fleet.check();
  });
}

TEST(library_property, own_rows_that_a_parent_took_along_come_back) {
  small_fleet fleet{1726};
  fleet.run(40);
  fleet.check();
}

} // namespace lockstep
