#include "protocol/election.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

// Machines on a toy network in virtual time. A run that fails prints its seed;
// LOCKSTEP_SEED=n runs that one alone.
namespace lockstep {
namespace {

using namespace std::chrono_literals;

device_id device(std::size_t number) {
  device_id result;
  result.bytes[15] = static_cast<std::uint8_t>(number + 1);
  return result;
}

std::size_t index_of(device_id id) {
  return id.bytes[15] - std::size_t{1};
}

/// One device: its machine and what it has on its disk.
struct toy_device {
  std::optional<election> machine;
  leadership_settings settings;
  persist_leadership disk;
  /// The ballot of each entry.
  std::vector<ballot> log;
  election_view seen;
  /// Whose log it took last.
  ballot followed;
  /// As leader: how far the others are.
  std::map<std::size_t, log_position> acknowledged;

  [[nodiscard]] log_position head() const {
    return log.empty() ? log_position{}
                       : log_position{log.back(), sequence_number{log.size()}};
  }
};

class toy_world {
public:
  /// After a heal there is one leader within this time: a follower's patience,
  /// and a few rounds of asking.
  static constexpr duration healing_time = 90s;

  explicit toy_world(std::uint64_t seed,
                     consistency mode = consistency::available)
    : mode_(mode), random_(seed) {
    const auto count = 3 + random_() % 3;
    for (std::size_t i = 0; i < count; ++i)
      members_.push_back({device(i), "device", false});
    devices_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      auto& each = devices_[i];
      const auto rank = static_cast<std::int32_t>(random_() % 4) - 1;
      each.settings.priority = i == 0 ? 0 : rank;
      each.settings.consistency = mode;
      each.disk.current = {term_number{1}, device(0)};
      each.disk.leader = device(0);
      each.log.assign(random_() % 5, each.disk.current);
    }
    side_.assign(count, 0);
    for (std::size_t i = 0; i < count; ++i)
      start(i);
    connect_sides();
  }

  /// Hours of trouble.
  void stir(int rounds) {
    loss_ = random_() % 40;
    for (int i = 0; i < rounds && ok(); ++i) {
      run_for(std::chrono::seconds{1 + random_() % 120});
      switch (random_() % 4) {
        case 0:
          crash(random_() % devices_.size());
          break;
        case 1:
          for (auto& each : side_)
            each = random_() % 2;
          connect_sides();
          break;
        case 2:
          ask(random_() % devices_.size());
          break;
        default:
          grow_logs();
          break;
      }
    }
  }

  /// Everybody reaches everybody, nothing is lost any more, and leaders write.
  void heal() {
    loss_ = 0;
    std::ranges::fill(side_, 0);
    connect_sides();
    for (std::size_t i = 0; i < devices_.size(); ++i)
      start_if_down(i);
    connect_sides();
    // A vote that is gone makes the best candidate wait once more.
    const auto time
      = mode_ == consistency::quorum ? 2 * healing_time : healing_time;
    for (auto until = now_ + time; now_ < until && ok();) {
      run_for(1s);
      grow_logs();
    }
  }

  void expect_one_leader() {
    std::size_t leaders = 0;
    for (const auto& each : devices_) {
      leaders += each.seen.role == role::leader ? 1U : 0U;
      if (each.seen.leader.is_nil()
          || each.seen.ballot != devices_[0].seen.ballot
          || each.seen.leader != each.seen.ballot.device || each.seen.alone)
        fault_ = "no agreement after healing";
    }
    if (leaders != 1)
      fault_ = std::to_string(leaders) + " leaders after healing";
  }

  [[nodiscard]] bool ok() const {
    return fault_.empty();
  }
  [[nodiscard]] const std::string& fault() const {
    return fault_;
  }
  [[nodiscard]] std::size_t settled() const {
    return settled_.size();
  }
  [[nodiscard]] const std::string& trace() const {
    return trace_;
  }

private:
  struct delivery {
    std::size_t from;
    std::size_t to;
    peer_message message;
    /// The sender's.
    std::vector<ballot> log;
  };

  [[nodiscard]] bool linked(std::size_t x, std::size_t y) const {
    return x != y && side_[x] == side_[y] && devices_[x].machine
           && devices_[y].machine;
  }

  void start(std::size_t i) {
    auto& each = devices_[i];
    election_setup setup;
    setup.settings = each.settings;
    setup.self = device(i);
    setup.recovered = {each.disk.current, each.disk.vote, each.disk.leader, {}};
    setup.lease_until = each.disk.lease_until;
    setup.members = members_;
    setup.head = each.head();
    setup.seed = random_();
    each.machine.emplace(setup);
    perform(i, each.machine->start(now_));
  }

  void start_if_down(std::size_t i) {
    if (!devices_[i].machine)
      start(i);
  }

  void crash(std::size_t i) {
    if (!devices_[i].machine) {
      start(i);
    } else {
      devices_[i].machine.reset();
      devices_[i].seen = {};
    }
    connect_sides();
  }

  /// Tells every machine who is there now and who is not.
  void connect_sides() {
    std::map<std::pair<std::size_t, std::size_t>, bool> links;
    for (std::size_t x = 0; x < devices_.size(); ++x)
      for (std::size_t y = 0; y < devices_.size(); ++y)
        links[{x, y}] = linked(x, y);
    for (const auto& [pair, up] : links) {
      if (up == links_[pair] || !devices_[pair.first].machine)
        continue;
      auto& machine = *devices_[pair.first].machine;
      perform(pair.first, up ? machine.peer_up(device(pair.second), now_)
                             : machine.peer_down(device(pair.second), now_));
    }
    links_ = links;
  }

  void ask(std::size_t i) {
    auto& machine = devices_[i].machine;
    if (!machine)
      return;
    const auto to = device(random_() % devices_.size());
    if (machine->view().role == role::leader)
      perform(i, machine->transfer(++requests_, to, now_));
    else
      perform(i, machine->request_leadership(++requests_, now_));
  }

  /// Leaders put entries into their logs.
  void grow_logs() {
    for (std::size_t i = 0; i < devices_.size(); ++i)
      if (devices_[i].seen.role == role::leader) {
        auto log = devices_[i].log;
        log.insert(log.end(), 1 + random_() % 3, devices_[i].seen.ballot);
        set_log(i, std::move(log));
      }
  }

  void set_log(std::size_t i, std::vector<ballot> log) {
    devices_[i].log = std::move(log);
    perform(i, devices_[i].machine->head_changed(devices_[i].head(), now_));
  }

  /// What a majority holds under the leader's own ballot stays for ever.
  void settle(std::size_t leader) {
    const auto& each = devices_[leader];
    std::vector<log_position> all{each.head()};
    for (const auto& [other, held] : each.acknowledged)
      all.push_back(held);
    if (all.size() < devices_.size() / 2 + 1)
      return;
    std::ranges::sort(all, std::greater{});
    const auto held = all[devices_.size() / 2];
    if (held.ballot != each.seen.ballot)
      return;
    const std::vector<ballot> now(
      each.log.begin(),
      each.log.begin() + static_cast<std::ptrdiff_t>(held.sequence.value));
    const auto common = std::min(now.size(), settled_.size());
    if (!std::equal(now.begin(),
                    now.begin() + static_cast<std::ptrdiff_t>(common),
                    settled_.begin()))
      fault_ = "two majorities hold different logs";
    if (settled_.size() < now.size())
      settled_ = now;
  }

  void perform(std::size_t i, const election_effects& effects) {
    for (const auto& each : effects)
      std::visit([this, i](const auto& what) { perform(i, what); }, each);
  }

  void perform(std::size_t i, const send_to_peer& what) {
    const auto to = index_of(what.to);
    for (std::size_t copies = random_() % 10 == 0 ? 2 : 1; copies > 0; --copies)
      if (linked(i, to) && random_() % 100 >= loss_)
        network_.emplace(now_ + std::chrono::milliseconds{1 + random_() % 300},
                         delivery{i, to, what.message, devices_[i].log});
  }

  void perform(std::size_t i, const persist_leadership& what) {
    auto& disk = devices_[i].disk;
    if (what.current < disk.current || what.vote < disk.vote)
      fault_ = "a stored ballot went back";
    if (what.vote != disk.vote && what.vote.term <= disk.vote.term)
      fault_ = "two votes in one term";
    disk = what;
  }

  void perform(std::size_t i, const announce_leadership& what) {
    auto& each = devices_[i];
    each.seen = what.now;
    each.acknowledged.clear();
    trace_ += std::to_string(i) + "r"
              + std::to_string(static_cast<int>(what.now.role)) + "t"
              + to_string(what.now.ballot.term) + ";";
    if (what.now.role != role::leader)
      return;
    if (each.disk.current != what.now.ballot || each.disk.leader != device(i))
      fault_ = "announced before it was stored";
    const auto [known, first] = leaders_.emplace(what.now.ballot, i);
    if (!first && known->second != i)
      fault_ = "two leaders under one ballot";
    if (each.log.size() < settled_.size()
        || !std::ranges::equal(settled_,
                               std::span{each.log}.first(settled_.size())))
      fault_ = "a leader lacks what a majority held";
  }

  void perform(std::size_t, const answer_request&) {
  }

  void deliver(const delivery& what) {
    if (!linked(what.from, what.to))
      return;
    auto& machine = *devices_[what.to].machine;
    const auto from = device(what.from);
    if (const auto* hit = std::get_if<heartbeat>(&what.message)) {
      perform(what.to, machine.on(from, *hit, now_));
      // Stands for replication: whoever follows holds the leader's log.
      if (machine.view().leader == from && machine.view().ballot == hit->ballot)
        follow_log(what);
    } else if (const auto* ack = std::get_if<heartbeat_ack>(&what.message)) {
      perform(what.to, machine.on(from, *ack, now_));
    } else if (const auto* asked = std::get_if<claim>(&what.message)) {
      perform(what.to, machine.on(from, *asked, now_));
    } else if (const auto* cast = std::get_if<vote>(&what.message)) {
      perform(what.to, machine.on(from, *cast, now_));
    } else if (const auto* over = std::get_if<hand_over>(&what.message)) {
      perform(what.to, machine.on(from, *over, now_));
    } else if (const auto* held = std::get_if<acknowledge>(&what.message)) {
      auto& each = devices_[what.to];
      if (each.seen.role != role::leader || each.seen.ballot != held->ballot)
        return;
      auto& known = each.acknowledged[what.from];
      known = std::max(known, held->through);
      settle(what.to);
    }
  }

  /// Under one ballot a log only grows; what comes late is older.
  void follow_log(const delivery& what) {
    const auto& beat = std::get<heartbeat>(what.message);
    auto& each = devices_[what.to];
    if (mode_ == consistency::quorum && each.followed == beat.ballot
        && beat.head < each.head())
      return;
    each.followed = beat.ballot;
    set_log(what.to, what.log);
    if (mode_ == consistency::quorum)
      perform(what.to, send_to_peer{device(what.from),
                                    acknowledge{beat.ballot, each.head()}});
  }

  void run_for(duration time) {
    const auto end = now_ + time;
    for (std::size_t steps = 0; ok(); ++steps) {
      auto next = end;
      std::optional<std::size_t> ticking;
      for (std::size_t i = 0; i < devices_.size(); ++i) {
        if (!devices_[i].machine)
          continue;
        if (auto due = devices_[i].machine->deadline(); due && *due < next) {
          next = *due;
          ticking = i;
        }
      }
      const auto arrives = !network_.empty() && network_.begin()->first < next;
      if (steps > 200'000)
        fault_ = "it never comes to rest";
      if (arrives) {
        const auto what = network_.begin()->second;
        now_ = std::max(now_, network_.begin()->first);
        network_.erase(network_.begin());
        deliver(what);
      } else {
        now_ = std::max(now_, next);
        if (!ticking)
          return;
        perform(*ticking, devices_[*ticking].machine->on_tick(now_));
      }
    }
  }

  consistency mode_;
  std::mt19937_64 random_;
  time_point now_{24h};
  std::vector<member> members_;
  std::vector<toy_device> devices_;
  std::vector<std::uint64_t> side_;
  std::map<std::pair<std::size_t, std::size_t>, bool> links_;
  std::multimap<time_point, delivery> network_;
  std::map<ballot, std::size_t> leaders_;
  /// What a majority was seen to hold.
  std::vector<ballot> settled_;
  std::uint64_t loss_ = 0;
  election_request requests_ = 0;
  std::string fault_;
  std::string trace_;
};

std::string run(std::uint64_t seed, std::string* trace = nullptr) {
  toy_world world{seed};
  world.stir(30);
  world.heal();
  if (world.ok())
    world.expect_one_leader();
  if (trace)
    *trace = world.trace();
  return world.fault();
}

TEST(election_property, any_trouble_ends_with_one_leader) {
  if (const auto* seed = std::getenv("LOCKSTEP_SEED")) {
    EXPECT_EQ(run(std::stoull(seed)), "") << "seed " << seed;
    return;
  }
  for (std::uint64_t seed = 1; seed <= 500; ++seed)
    ASSERT_EQ(run(seed), "") << "LOCKSTEP_SEED=" << seed;
}

/// The same where it takes a majority: no two majorities ever hold different
/// logs, no leader lacks what one held, and in the end one goes on.
std::string run_quorum(std::uint64_t seed) {
  toy_world world{seed, consistency::quorum};
  world.stir(30);
  const auto before = world.settled();
  world.heal();
  if (world.ok())
    world.expect_one_leader();
  if (world.ok() && world.settled() <= before)
    return "nothing was settled after healing";
  return world.fault();
}

TEST(election_property, what_a_majority_held_stays_in_any_trouble) {
  if (const auto* seed = std::getenv("LOCKSTEP_SEED")) {
    EXPECT_EQ(run_quorum(std::stoull(seed)), "") << "seed " << seed;
    return;
  }
  for (std::uint64_t seed = 1; seed <= 500; ++seed)
    ASSERT_EQ(run_quorum(seed), "") << "LOCKSTEP_SEED=" << seed;
}

TEST(election_property, equal_seeds_run_equally) {
  std::string first;
  std::string second;
  run(42, &first);
  run(42, &second);
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, second);
}

} // namespace
} // namespace lockstep
