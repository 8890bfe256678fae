#pragma once

#include "protocol/replication.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lockstep::testing {

inline device_id device(std::uint8_t number) {
  device_id result;
  result.bytes[0] = number;
  result.bytes[1] = 1; // No device is nil.
  return result;
}

inline ballot ballot_of(std::uint64_t term, device_id leader) {
  return {term_number{term}, leader};
}

/// A log, a queue of pending operations and the rules of the library actor, in
/// memory.
class toy_library {
public:
  explicit toy_library(device_id self) : self_(self) {
  }

  [[nodiscard]] log_head head() const {
    return {log.empty() ? log_position{} : log.back().position(), 0};
  }
  [[nodiscard]] log_position at_or_before(log_position at) const;
  [[nodiscard]] served_entries serve(const serve_entries& wish) const;
  expected<log_head> apply(const apply_entries& wish);
  expected<log_head> yield(const yield_log& wish);
  expected<operations_sequenced> sequence(const sequence_operations& wish);
  [[nodiscard]] pending_batch read_pending(const fetch_pending& wish) const;
  /// One new operation of this device; sequenced at once when it leads.
  void commit();
  void on_role(const leadership_view& view);

  leadership_view view;
  std::vector<entry> log;
  std::vector<operation> pending;
  /// Every operation that this device ever accepted.
  std::uint64_t accepted_here = 0;

private:
  void append(const operation& what);
  [[nodiscard]] bool holds(const operation& what) const;
  void drop_settled();

  device_id self_;
};

/// A fleet: machines over toy libraries and a network that loses, repeats,
/// delays and cuts. One seed is one run.
class replication_world {
public:
  replication_world(std::uint64_t seed, std::uint8_t devices);

  /// Chance in a hundred that a message is lost, or comes twice.
  unsigned loss = 0;
  unsigned repeats = 0;

  void run_for(duration time);
  void commit(std::uint8_t at);
  /// Devices of different numbers do not reach each other.
  void partition(const std::vector<int>& groups);
  /// Every group gets the leader that elections would give it: the longest log,
  /// under a ballot above all in the group. Groups that have one keep it unless
  /// `fresh`.
  void elect(bool fresh);
  /// Leaders say that they live, as the leadership actor has them do.
  void heartbeat();
  /// The process ends and starts again: logs stay, all else is forgotten.
  void restart(std::uint8_t at);

  [[nodiscard]] std::size_t size() const {
    return nodes_.size();
  }
  [[nodiscard]] const toy_library& library(std::uint8_t at) const {
    return nodes_.at(at)->library;
  }
  [[nodiscard]] const replication_machine& machine(std::uint8_t at) const {
    return *nodes_.at(at)->machine;
  }
  [[nodiscard]] std::size_t messages() const {
    return messages_;
  }
  std::uint64_t random(std::uint64_t below) {
    return random_() % below;
  }

private:
  struct node {
    explicit node(device_id self) : library(self) {
    }
    toy_library library;
    std::unique_ptr<replication_machine> machine;
    std::uint64_t life = 0;
    int group = 0;
    /// The library answers in the order in which it was asked.
    time_point busy_until{};
    std::size_t announced_log = 0;
  };

  using task = std::function<void()>;

  void at(time_point when, task what);
  void start(std::uint8_t index);
  void perform(std::uint8_t index, replication_effects effects);
  void ask_library(std::uint8_t index, task what);
  void send(std::uint8_t from, device_id to, const peer_message& message);
  void tell_log(std::uint8_t index, log_position before, std::size_t count);
  [[nodiscard]] bool linked(std::uint8_t a, std::uint8_t b) const;
  [[nodiscard]] std::uint8_t index_of(device_id id) const;
  std::vector<member> members() const;

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::multimap<time_point, task> tasks_;
  time_point now_{std::chrono::hours{1}};
  std::uint64_t term_ = 0;
  std::size_t messages_ = 0;
};

} // namespace lockstep::testing
