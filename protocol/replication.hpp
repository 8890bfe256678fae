#pragma once

#include "messages/replication_view.hpp"
#include "protocol/follower_pull.hpp"
#include "protocol/leader_feed.hpp"
#include "protocol/leader_intake.hpp"
#include "protocol/proposer.hpp"
#include "protocol/replication_context.hpp"
#include "protocol/replication_effects.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lockstep {

/// Who this device is, and what it knew when it was started.
struct replication_start {
  device_id self;
  std::string device_name;
  replication_settings settings;
  log_position head;
  std::vector<member> members;
  std::uint64_t seed = 0;
  /// As in `members_changed`.
  std::optional<sequence_number> members_at = sequence_number{};
  consistency mode = consistency::available;
  /// Whether the library wants to hear of its first sync.
  bool first_sync = false;
  /// The log was given back before the start and is not known to be whole.
  bool is_fetching_anew = false;
};

/// Carries one library's entries and proposals between this device and its
/// peers. A pure machine: every input returns the effects to perform, in order;
/// `now` never goes back. Each effect that asks is answered exactly once, see
/// `replication_effect`. After each input the caller arranges for `on_tick` at
/// `deadline`.
class replication_machine {
public:
  explicit replication_machine(replication_start start);
  replication_machine(const replication_machine&) = delete;
  replication_machine& operator=(const replication_machine&) = delete;
  ~replication_machine() = default;

  replication_effects on_role(const leadership_view& view, time_point now);
  replication_effects
  on_members(const std::vector<member>& members, time_point now,
             std::optional<sequence_number> at = sequence_number{});
  replication_effects on_peer_up(device_id device, time_point now);
  replication_effects on_peer_down(device_id device, time_point now);
  /// Messages that are not replication's are ignored.
  replication_effects on_message(device_id from, const peer_message& message,
                                 time_point now);
  /// The own log has grown or was cut, whoever caused it.
  replication_effects on_log_advanced(const log_advanced& news, time_point now);
  replication_effects on_pending_advanced(device_sequence_number last,
                                          time_point now);
  /// Which members are silent for too long.
  replication_effects on_stale(const std::set<device_id>& silent,
                               time_point now);
  replication_effects on_tick(time_point now);

  replication_effects on_applied(const expected<log_head>& result,
                                 time_point now);
  replication_effects on_yielded(const expected<log_head>& result,
                                 time_point now);
  replication_effects on_match(const expected<log_position>& result,
                               time_point now);
  replication_effects on_served(const replication_serve& asked,
                                expected<served_entries> result,
                                time_point now);
  replication_effects on_pending(const expected<pending_batch>& result,
                                 time_point now);
  replication_effects on_sequenced(device_id from,
                                   const expected<operations_sequenced>& result,
                                   time_point now);

  /// When `on_tick` is due; nothing while there is nothing to wait for.
  [[nodiscard]] std::optional<time_point> deadline() const;
  /// Whom this device follows; nil when it leads, or nobody does.
  [[nodiscard]] device_id leader() const {
    return context_.follows() ? context_.view.leader : device_id{};
  }
  [[nodiscard]] log_position head() const {
    return context_.head;
  }
  [[nodiscard]] sequence_number stable() const {
    return context_.stable;
  }
  /// How the members stand; when they were heard, the caller knows.
  [[nodiscard]] replication_view view() const;
  /// Leads, or holds nothing that the leader does not hold at the same place.
  [[nodiscard]] bool confirmed() const {
    return context_.leads() || pull_.confirmed();
  }

private:
  void take_members(const std::vector<member>& members,
                    std::optional<sequence_number> at);
  /// Whether `from` leads under the ballot known here.
  [[nodiscard]] bool is_my_leader(device_id from, const ballot& under) const;
  [[nodiscard]] bool is_current(const ballot& under) const;
  [[nodiscard]] bool is_on_its_way(device_id to, const fetch_entries& wish,
                                   time_point now) const;

  template <class Message>
  void receive(device_id, const Message&, time_point, replication_effects&) {
  }
  void receive(device_id from, const heartbeat& news, time_point now,
               replication_effects& out);
  void receive(device_id from, const new_entries& news, time_point now,
               replication_effects& out);
  void receive(device_id from, const fetch_entries& wish, time_point now,
               replication_effects& out);
  void receive(device_id from, const entries& answer, time_point now,
               replication_effects& out);
  void receive(device_id from, const sync_required& answer, time_point now,
               replication_effects& out);
  void receive(device_id from, const acknowledge& news, time_point now,
               replication_effects& out);
  void receive(device_id from, const propose& wish, time_point now,
               replication_effects& out);
  void receive(device_id from, const proposal_ack& answer, time_point now,
               replication_effects& out);
  void receive(device_id from, const hello& greeting, time_point now,
               replication_effects& out);
  void receive(device_id from, const welcome& greeting, time_point now,
               replication_effects& out);

  template <class Greeting> [[nodiscard]] Greeting greeting() const;
  void greeted(device_id from, const ballot& known, log_position head,
               time_point now, replication_effects& out);
  /// What every input ends with: new proposals and a risen watermark.
  void finish(replication_effects& out);
  void raise_stable(replication_effects& out);
  void raise_held(replication_effects& out);
  void tell_first_sync(replication_effects& out);
  void move_vacuum_bound(replication_effects& out);
  void announced(sequence_number stable, sequence_number held,
                 const vacuum_bounds& vacuum);

  replication_context context_;
  follower_pull pull_;
  proposer proposer_;
  leader_feed feed_;
  leader_intake intake_;
  /// What the leader said of stability; counts here once the log is there.
  sequence_number announced_stable_;
  sequence_number announced_held_;
  vacuum_bounds announced_vacuum_;
  /// Peers the own log is being read for, with their next question, if any.
  std::map<device_id, std::optional<fetch_entries>> serving_;
  /// An answer that may still be on its way.
  struct answer_under_way {
    log_position since;
    time_point until;
  };
  std::map<device_id, answer_under_way> answered_;
  /// Peers whose last word was that this device is no member.
  std::set<device_id> refused_by_;
  bool first_sync_ = false;
  /// What the library has heard of it.
  std::optional<first_sync_target> told_target_;
};

} // namespace lockstep
