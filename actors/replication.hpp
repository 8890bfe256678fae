#pragma once

#include "actors/environment.hpp"
#include "actors/leadership.hpp"
#include "actors/peer.hpp"
#include "config/settings.hpp"
#include "protocol/member_silence.hpp"
#include "protocol/replication.hpp"

#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// Replication to itself: the time of `generation` has come.
struct replication_tick {
  std::uint64_t generation = 0;
};

/// The same: who has been silent for how long?
struct silence_tick {};

/// Carries one library's entries and proposals between this device and its
/// peers: the shell around protocol/replication.
using replication_actor = peer_listener::extend<
  /// Leadership: who leads now.
  caf::reacts_to<role_changed>,
  /// Library: the log has grown here, or was cut.
  caf::reacts_to<log_advanced>,
  /// Library: there are operations to propose.
  caf::reacts_to<pending_advanced>,
  /// Library: who takes part.
  caf::reacts_to<members_changed>,
  /// Library: what its time is here.
  caf::reacts_to<clock_corrected>,
  /// Anybody.
  caf::replies_to<read_replication>::with<replication_view>,
  /// Stops at once and ends the actor.
  caf::replies_to<close_library>::with<done>, caf::reacts_to<replication_tick>,
  caf::reacts_to<silence_tick>>;

/// What replication needs of the library actor.
using entry_applier = caf::typed_actor<
  caf::replies_to<sequence_operations>::with<operations_sequenced>,
  caf::replies_to<apply_entries>::with<log_head>,
  caf::replies_to<yield_log>::with<log_head>,
  caf::replies_to<fetch_pending>::with<pending_batch>,
  caf::reacts_to<stable_advanced>, caf::reacts_to<majority_advanced>,
  caf::reacts_to<leader_time>, caf::reacts_to<first_sync_target>,
  caf::reacts_to<vacuum_bound_moved>>;

/// What replication needs of the sync-log actor.
using log_source
  = caf::typed_actor<caf::replies_to<serve_entries>::with<served_entries>,
                     caf::replies_to<find_match>::with<log_position>,
                     caf::reacts_to<store_progress>>;

/// What replication needs of the leadership actor.
using head_listener
  = caf::typed_actor<caf::reacts_to<watch_role>, caf::reacts_to<log_head>,
                     caf::reacts_to<stable_advanced>,
                     caf::reacts_to<majority_advanced>,
                     caf::reacts_to<vacuum_bound_moved>>;

/// What a replication actor is made from.
struct replication_setup {
  library_id library;
  device_id device;
  std::string device_name;
  replication_settings settings;
  environment env;
  /// The library actor.
  entry_applier applier;
  /// The sync-log actor.
  log_source log;
  /// The leadership actor; replication asks it for the role by itself.
  head_listener leadership;
  std::vector<member> members;
  log_head head;
  /// As in `members_changed`.
  std::optional<sequence_number> members_at = sequence_number{};
  consistency mode = consistency::available;
  /// Whether the library has not all of its log yet.
  bool first_sync = false;
  /// When a member counts as stale.
  duration stale_after = std::chrono::hours{90 * 24};
  /// What the log knows of the members' silence.
  std::vector<member_progress> progress = {};
  bool is_fetching_anew = false;
};

struct replication_state {
  static inline const char* name = "replication";
  using self_pointer = replication_actor::stateful_pointer<replication_state>;

  void start(self_pointer actor, replication_setup what);

  /// Performs effects in order, tells of a moved head, and sets the timer.
  void take(replication_effects list);
  /// Says nothing more and lets go of every other actor.
  void close();
  void hear(const from_peer& what);
  void follow_members(const std::vector<member>& members);
  void look_for_silence();
  [[nodiscard]] replication_view view() const;

  self_pointer self = nullptr;
  replication_setup setup;
  std::unique_ptr<replication_machine> machine;
  std::optional<member_silence> silence;
  std::map<device_id, peer_actor> peers;
  /// When each was last heard.
  std::map<device_id, time_point> heard_at;
  /// The library's time is so far ahead of the wall clock.
  std::chrono::milliseconds clock_ahead{};
  /// When the library was told what the leader's time is.
  std::optional<time_point> told_time;
  std::uint64_t generation = 0;
  /// When the tick of `generation` comes.
  std::optional<time_point> armed;

private:
  void perform(const replication_send& what);
  void perform(const replication_serve& what);
  void perform(const apply_entries& what);
  void perform(const yield_log& what);
  void perform(const find_match& what);
  void perform(const fetch_pending& what);
  void perform(const sequence_operations& what);
  void perform(const stable_advanced& what);
  void perform(const majority_advanced& what);
  void perform(const first_sync_target& what);
  void perform(const vacuum_bound_moved& what);

  /// Asks, and hands answer or failure to `next`, which calls the machine.
  template <class Answer, class Actor, class Request, class Next>
  void ask(const Actor& whom, const Request& request, std::string_view doing,
           Next next);
  void tell_head();
  void arm();
  /// One line when something begins to fail or fails differently.
  void note(std::string_view doing, const failure* why);

  /// The head that leadership knows of.
  log_position told;
  std::map<std::string_view, errc> failing;
};

replication_actor::behavior_type
replication(replication_actor::stateful_pointer<replication_state> self,
            replication_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(read_replication)
LOCKSTEP_LOCAL_MESSAGE(replication_view)
LOCKSTEP_LOCAL_MESSAGE(replication_tick)
LOCKSTEP_LOCAL_MESSAGE(silence_tick)
