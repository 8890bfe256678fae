#include "tests/simulation/traffic.hpp"

#include "tests/simulation/message_content.hpp"
#include "tests/simulation/one_run.hpp"
#include "tests/simulation/world.hpp"
#include "transport/codec.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>

namespace lockstep::simulation {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr minutes traffic_patience{30};

constexpr std::array<const char*, std::variant_size_v<peer_message>> kinds{
  "heartbeat",   "heartbeat_ack", "claim",   "vote",          "hand_over",
  "new_entries", "fetch_entries", "entries", "sync_required", "acknowledge",
  "propose",     "proposal_ack",  "hello",   "welcome",       "not_member"};

struct count {
  double messages = 0;
  double bytes = 0;

  void add(double size) {
    messages += 1;
    bytes += size;
  }
};

/// Listens on the network of a world.
class meter {
public:
  explicit meter(world& of) : world_(of) {
    world_.before_carry = [this](caf::mailbox_element& next) {
      // Once a message, not again when it arrives.
      if (const auto* what = content_of<carry_frames>(next))
        note(*what);
    };
  }
  meter(const meter&) = delete;
  meter& operator=(const meter&) = delete;
  ~meter() {
    world_.before_carry = nullptr;
  }

  void begin() {
    all_ = {};
    kinds_.clear();
    devices_.clear();
  }

  /// Since `begin`, for each of `times`.
  [[nodiscard]] carried each(double times) const {
    carried made{all_.messages / times, all_.bytes / times};
    for (const auto& [device, had] : devices_) {
      made.messages_of_busiest
        = std::max(made.messages_of_busiest, had.messages / times);
      made.bytes_of_busiest
        = std::max(made.bytes_of_busiest, had.bytes / times);
    }
    for (const auto& [kind, number] : kinds_)
      made.kinds[kinds.at(kind)] = number / times;
    return made;
  }

private:
  void note(const carry_frames& what) {
    double size = 0;
    frame_assembler whole;
    for (const auto& frame : *what.frames) {
      size += static_cast<double>(frame.size());
      const auto messages = whole.feed(frame);
      if (!messages)
        throw std::runtime_error{messages.error().message};
      for (const auto& one : *messages)
        if (const auto read = decode(one))
          kinds_[read->message.index()] += 1;
    }
    all_.add(size);
    devices_[what.from].add(size);
    devices_[what.to].add(size);
  }

  world& world_;
  count all_;
  std::map<std::size_t, double> kinds_;
  std::map<device_id, count> devices_;
};

/// Devices that share a library and are at rest.
class peaceful_fleet {
public:
  peaceful_fleet(std::uint64_t seed, const settings& limits, std::size_t size)
    : folder_(folder_for_runs()), world_(seed, folder_.path()) {
    world_.limits = limits;
    if (auto shared = world_.share(size); !shared)
      throw std::runtime_error{shared.error().message};
    world_.tell_network(set_faults{milliseconds{1}, milliseconds{20}, 0, 0,
                                   world_.run.draw(1'000'000)});
    world_.run.run_for(minutes{5});
  }

  traffic measure() {
    traffic all;
    all.devices = world_.devices.size();
    meter_.begin();
    world_.run.run_for(hours{1});
    all.hour_of_rest = meter_.each(1);
    all.commit_of_leader = cost_of_commits(leader(), 1);
    all.commit_of_another = cost_of_commits(follower(), 1);
    all.batch = cost_of_commits(leader(), 1'000);
    all.joining = cost_of_joining();
    return all;
  }

private:
  static constexpr int commits = 10;

  device& leader() {
    for (auto& one : world_.devices)
      if (world_.leads(one))
        return one;
    throw std::runtime_error{"nobody leads"};
  }

  device& follower() {
    for (auto& one : world_.devices)
      if (!world_.leads(one))
        return one;
    throw std::runtime_error{"nobody follows"};
  }

  /// Without what is said at rest in that time.
  carried cost_of_commits(device& on, std::size_t rows) {
    // Between two heartbeats there is time enough.
    wait_for_heartbeat();
    meter_.begin();
    for (int i = 0; i < commits; ++i) {
      commit(on, rows);
      world_.run.run_for(milliseconds{500});
    }
    return meter_.each(commits);
  }

  void wait_for_heartbeat() {
    bool heard = false;
    world_.after_step = [&](device&) {
      heard = heard || world_.run.taken(typeid(arriving_frames)) != arrived_;
    };
    arrived_ = world_.run.taken(typeid(arriving_frames));
    world_.run.run_until([&] { return heard; }, traffic_patience);
    world_.after_step = nullptr;
    world_.run.run_for(std::chrono::seconds{2});
  }

  void commit(device& on, std::size_t rows) {
    std::vector<transaction_step> steps;
    for (std::size_t i = 0; i < rows; ++i) {
      record_id id;
      for (auto& byte : id.bytes)
        byte = static_cast<std::uint8_t>(world_.run.draw(256));
      steps.emplace_back(record_change{
        "note", id, change_type::insert,
        R"({"uuid": ")" + to_string(id)
          + R"(", "text": "as long as a short sentence is", "stars": 3})"});
    }
    const auto done = world_.ask<receipt>(
      on, on.shared.library, traffic_patience,
      commit_transaction{std::move(steps), receipt_state::stable});
    if (!done)
      throw std::runtime_error{done.error().message};
  }

  carried cost_of_joining() {
    auto& newcomer = world_.add_device();
    if (auto started = world_.start(newcomer); !started)
      throw std::runtime_error{started.error().message};
    meter_.begin();
    if (auto in = world_.let_in(newcomer, leader(), traffic_patience); !in)
      throw std::runtime_error{in.error().message};
    commit(leader(), 1);
    return meter_.each(1);
  }

  temporary_directory folder_;
  world world_;
  meter meter_{world_};
  std::uint64_t arrived_ = 0;
};

std::string shown(double value, const char* form) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), form, value);
  return text.data();
}

std::string kilobytes(double bytes) {
  return shown(bytes / 1'000, bytes < 100'000 ? "%.1f kB" : "%.0f kB");
}

/// With the work's name and how to get at it, in the table's order.
struct column {
  const char* name;
  carried traffic::*part;
};

constexpr std::array<column, 5> columns{{
  {"an hour at rest", &traffic::hour_of_rest},
  {"a commit of the leader", &traffic::commit_of_leader},
  {"a commit of another", &traffic::commit_of_another},
  {"1,000 rows of the leader", &traffic::batch},
  {"one more member", &traffic::joining},
}};

} // namespace

std::vector<std::size_t> sizes_in(const number_range& devices) {
  std::vector<std::size_t> sizes;
  for (const std::size_t one : {2U, 5U, 10U, 30U, 100U})
    if (devices.first <= one && one <= devices.last)
      sizes.push_back(one);
  return sizes;
}

std::vector<traffic> measure_traffic(const options& how, const settings& limits,
                                     const std::vector<std::size_t>& sizes) {
  std::vector<traffic> all;
  for (const auto size : sizes)
    all.push_back(peaceful_fleet{how.seeds.first, limits, size}.measure());
  return all;
}

std::string table_of(const std::vector<traffic>& all) {
  std::string text
    = "| what | devices | messages | bytes | of the busiest device | bytes |\n"
      "|---|---|---|---|---|---|\n";
  for (const auto& what : columns)
    for (const auto& one : all) {
      const auto& part = one.*what.part;
      text += std::string{"| "} + what.name + " | "
              + std::to_string(one.devices) + " | "
              + shown(part.messages, "%.0f") + " | " + kilobytes(part.bytes)
              + " | " + shown(part.messages_of_busiest, "%.0f") + " | "
              + kilobytes(part.bytes_of_busiest) + " |\n";
    }
  return text;
}

nlohmann::json json_of(const std::vector<traffic>& all) {
  auto list = nlohmann::json::array();
  for (const auto& one : all)
    for (const auto& what : columns) {
      const auto& part = one.*what.part;
      list.push_back({{"what", what.name},
                      {"devices", one.devices},
                      {"messages", part.messages},
                      {"bytes", part.bytes},
                      {"busiest_messages", part.messages_of_busiest},
                      {"busiest_bytes", part.bytes_of_busiest},
                      {"kinds", part.kinds}});
    }
  return list;
}

} // namespace lockstep::simulation
