#include "protocol/chain.hpp"
#include "tests/support/fleet.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// Random work on three devices with a bad network, cuts and crashes; then they
/// are left in peace and must agree, with nothing lost and nothing twice.
class random_fleet : public fleet {
public:
  using operation_key = std::pair<device_id, std::uint64_t>;

  void begin(std::uint64_t seed) {
    random_.seed(seed);
    share(names_);
    for (const auto& name : names_)
      up_[name] = true;
    for (int i = 0; i < 8; ++i)
      records_.push_back(make_id());
  }

  void work(int steps) {
    for (int i = 0; i < steps; ++i)
      step();
  }

  void heal() {
    set_faults({});
    for (const auto& name : names_) {
      if (!up_[name])
        bring_up(name);
      set_online(name, true);
    }
  }

  /// Every accepted operation is in the log once, records' versions rise, and
  /// the chain holds.
  void check_log() {
    std::map<operation_key, int> found;
    std::map<std::pair<std::string, record_id>, version_number> versions;
    std::uint64_t chain = 0;
    for (const auto& what : log("anna")) {
      ++found[{what.device, what.device_sequence.value}];
      auto& version = versions[{what.model, what.record}];
      EXPECT_LT(version, what.version);
      version = what.version;
      chain = chain_of(chain, what);
      EXPECT_EQ(chain, what.chain);
    }
    for (const auto& [key, times] : found)
      EXPECT_EQ(times, 1) << to_string(key.first) << " " << key.second;
    for (const auto& key : accepted_)
      EXPECT_EQ(found[key], 1)
        << "lost: " << to_string(key.first) << " " << key.second;
  }

private:
  std::uint64_t draw(std::uint64_t below) {
    return random_() % below;
  }

  const std::string& any_device() {
    return names_[draw(names_.size())];
  }

  void step() {
    const auto& name = any_device();
    const auto what = draw(100);
    if (what < 55) {
      if (up_[name])
        write(name);
    } else if (what < 75) {
      advance(std::chrono::milliseconds{draw(40'000)});
    } else if (what < 83) {
      set_online(name, draw(2) == 0);
    } else if (what < 90) {
      if (up_[name]) {
        crash(name);
        up_[name] = false;
      } else {
        bring_up(name);
      }
    } else {
      lockstep::set_faults bad;
      bad.delay_least = 1ms;
      bad.delay_most = std::chrono::milliseconds{1 + draw(500)};
      bad.drop_per_mille = static_cast<std::uint32_t>(draw(200));
      bad.duplicate_per_mille = static_cast<std::uint32_t>(draw(200));
      bad.seed = draw(1'000'000);
      set_faults(bad);
    }
  }

  void bring_up(const std::string& name) {
    start(name);
    reopen(name);
    up_[name] = true;
  }

  void write(const std::string& name) {
    std::vector<transaction_step> steps;
    for (std::uint64_t i = 0; i <= draw(3); ++i) {
      const tag value{records_[draw(records_.size())],
                      "name " + std::to_string(draw(1'000)),
                      "red",
                      {}};
      steps.push_back(to_change(value, draw(4) == 0 ? change_type::remove
                                                    : change_type::update));
    }
    const auto written = commit(name, steps);
    ASSERT_TRUE(written) << written.error().message;
    for (auto at = written->first; at && !(written->last < at); ++at)
      accepted_.insert({at_device(name), at.value});
  }

  device_id at_device(const std::string& name) {
    return at(name).id;
  }

  std::mt19937_64 random_;
  std::vector<std::string> names_{"anna", "bert", "carl"};
  std::map<std::string, bool> up_;
  std::vector<record_id> records_;
  std::set<operation_key> accepted_;
};

class random_fleet_seed : public random_fleet,
                          public ::testing::WithParamInterface<int> {};

/// LOCKSTEP_SEED=N repeats one run in place of the first.
TEST_P(random_fleet_seed, agrees_after_random_work_and_loses_nothing) {
  const auto* given = std::getenv("LOCKSTEP_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10)
                                     : static_cast<std::uint64_t>(GetParam());
  SCOPED_TRACE("LOCKSTEP_SEED=" + std::to_string(seed));
  begin(seed);
  work(120);
  heal();
  EXPECT_EQ(settle(30min), "");
  check_log();
}

INSTANTIATE_TEST_SUITE_P(seeds, random_fleet_seed, ::testing::Range(1, 61));

} // namespace
} // namespace lockstep
