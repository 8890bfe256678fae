#include "tests/simulation/leadership_times.hpp"

#include "tests/simulation/one_run.hpp"
#include "tests/simulation/world.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace lockstep::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using seconds = std::chrono::duration<double>;

constexpr minutes patience{30};
/// How long parts that do not hear each other work by themselves.
constexpr minutes apart{10};

/// A fleet whose leader is about to be lost.
class scene {
public:
  scene(std::uint64_t seed, const options& how, const settings& limits)
    : folder_(folder_for_runs()), world_(seed, folder_.path()) {
    world_.limits = limits;
    const auto& [first, last] = how.devices;
    if (auto shared = world_.share(first + world_.run.draw(last - first + 1));
        !shared)
      throw std::runtime_error{shared.error().message};
    world_.tell_network(set_faults{milliseconds{1}, milliseconds{20}, 0, 0,
                                   world_.run.draw(1'000'000)});
    // At any moment between two heartbeats.
    const auto spread
      = static_cast<std::uint64_t>(limits.leadership.heartbeat.count());
    world_.run.run_for(
      minutes{3}
      + duration{static_cast<duration::rep>(world_.run.draw(spread))});
  }

  seconds after_death() {
    auto& led = leader();
    const auto begin = world_.run.now();
    world_.crash(led, unflushed::kept);
    wait_for({commit(other_than(led), receipt_state::sequenced)});
    return world_.run.now() - begin;
  }

  seconds after_hand_over() {
    auto& led = leader();
    const auto begin = world_.run.now();
    if (auto closed = world_.close(led); !closed)
      throw std::runtime_error{closed.error().message};
    wait_for({commit(other_than(led), receipt_state::sequenced)});
    return world_.run.now() - begin;
  }

  seconds after_healing() {
    const auto& led = leader();
    std::vector<bool> with_leader;
    for (const auto& one : world_.devices)
      with_leader.push_back(one.number == led.number || world_.run.one_in(2));
    // Nobody is apart from nobody.
    with_leader[static_cast<std::size_t>(other_than(led).number)] = false;
    link(with_leader, false);
    world_.run.run_for(apart / 2);
    std::vector<answer> worked;
    for (auto& one : world_.devices)
      worked.push_back(commit(one, receipt_state::sequenced));
    world_.run.run_for(apart / 2);
    wait_for(worked);
    const auto begin = world_.run.now();
    link(with_leader, true);
    std::vector<answer> together;
    for (auto& one : world_.devices)
      together.push_back(commit(one, receipt_state::stable));
    wait_for(together);
    return world_.run.now() - begin;
  }

private:
  using answer = std::shared_ptr<std::optional<expected<receipt>>>;

  device& leader() {
    for (auto& one : world_.devices)
      if (world_.leads(one))
        return one;
    throw std::runtime_error{"nobody leads"};
  }

  device& other_than(const device& led) {
    const auto count = world_.devices.size();
    const auto next = 1 + world_.run.draw(count - 1);
    return world_
      .devices[(static_cast<std::size_t>(led.number) + next) % count];
  }

  void link(const std::vector<bool>& part, bool up) {
    for (std::size_t a = 0; a < part.size(); ++a)
      for (auto b = a + 1; b < part.size(); ++b)
        if (part[a] != part[b])
          world_.tell_network(
            set_link{world_.devices[a].id, world_.devices[b].id, up});
  }

  answer commit(device& on, receipt_state until) {
    record_id id;
    for (auto& byte : id.bytes)
      byte = static_cast<std::uint8_t>(world_.run.draw(256));
    return world_.request<receipt>(
      on.shared.library,
      commit_transaction{{record_change{"note", id, change_type::insert,
                                        R"({"uuid": ")" + to_string(id)
                                          + R"(", "text": "", "stars": 0})"}},
                         until});
  }

  void wait_for(const std::vector<answer>& all) {
    const auto is_there = [](const answer& one) {
      return one->has_value();
    };
    world_.run.run_until([&] { return std::ranges::all_of(all, is_there); },
                         patience);
    for (const auto& one : all)
      if (!one->has_value() || !**one)
        throw std::runtime_error{one->has_value() ? (**one).error().message
                                                  : "a commit has no answer"
                                                      + world_.describe()};
  }

  temporary_directory folder_;
  world world_;
};

std::string in_seconds(seconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", time.count());
  return text.data();
}

} // namespace

seconds waiting_times::percentile(unsigned part) const {
  return times.at((times.size() * part + 99) / 100 - 1);
}

std::vector<waiting_times> measure_leadership(const options& how,
                                              const settings& limits) {
  std::vector<waiting_times> all{
    {"death", {}}, {"hand-over", {}}, {"healed partition", {}}};
  for (auto seed = how.seeds.first; seed <= how.seeds.last; ++seed) {
    all[0].times.push_back(scene{seed, how, limits}.after_death());
    all[1].times.push_back(scene{seed, how, limits}.after_hand_over());
    all[2].times.push_back(scene{seed, how, limits}.after_healing());
  }
  for (auto& one : all)
    std::ranges::sort(one.times);
  return all;
}

std::string table_of(const std::vector<waiting_times>& all) {
  std::string text = "| after | runs | median | p99 | max |\n"
                     "|---|---|---|---|---|\n";
  for (const auto& one : all)
    text += "| " + std::string{one.after} + " | "
            + std::to_string(one.times.size()) + " | "
            + in_seconds(one.percentile(50)) + " | "
            + in_seconds(one.percentile(99)) + " | "
            + in_seconds(one.percentile(100)) + " |\n";
  return text;
}

nlohmann::json json_of(const std::vector<waiting_times>& all) {
  auto list = nlohmann::json::array();
  for (const auto& one : all)
    list.push_back({{"after", one.after},
                    {"runs", one.times.size()},
                    {"median_seconds", one.percentile(50).count()},
                    {"p99_seconds", one.percentile(99).count()},
                    {"max_seconds", one.percentile(100).count()}});
  return list;
}

} // namespace lockstep::simulation
