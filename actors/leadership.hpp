#pragma once

#include "actors/environment.hpp"
#include "actors/event_bus.hpp"
#include "actors/peer.hpp"
#include "actors/sync_log.hpp"
#include "config/settings.hpp"
#include "protocol/election.hpp"

#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace lockstep {

/// Who is told each time the role changes.
using role_watcher = caf::typed_actor<caf::reacts_to<role_changed>>;

/// Tell this actor of the role: as it is now, and whenever it changes.
struct watch_role {
  role_watcher watcher;
};

/// Leadership to itself: the time of `generation` has come.
struct leadership_tick {
  std::uint64_t generation = 0;
};

/// Who leads one library: the shell around protocol/election.
using leadership_actor = peer_listener::extend<
  caf::reacts_to<watch_role>,
  /// Replication or library: the log's end moved (election compares logs).
  caf::reacts_to<log_head>,
  /// Library: who takes part.
  caf::reacts_to<members_changed>, caf::reacts_to<stable_advanced>,
  caf::reacts_to<majority_advanced>, caf::reacts_to<vacuum_bound_moved>,
  /// Library: what its time is here.
  caf::reacts_to<clock_corrected>,
  /// Who leads, as seen here.
  caf::replies_to<read_leader>::with<leadership_view>,
  /// Asks the others for the leadership. Errors: `not_leader` (a member
  /// refused), `invalid_argument` (set never to lead), `busy`, `closed`.
  caf::replies_to<request_leadership>::with<leadership_view>,
  /// On the leader: hand over to a member; answered once it leads. Errors:
  /// `not_leader`, `not_member`, `not_found` (not connected), `timed_out`,
  /// `busy`, `closed`.
  caf::replies_to<transfer_leadership>::with<leadership_view>,
  /// Shutdown: hands over if it leads, says nothing more, and ends.
  caf::replies_to<step_down>::with<done>, caf::reacts_to<leadership_tick>>;

/// What a leadership actor is made from.
struct leadership_setup {
  library_id library;
  device_id device;
  leadership_settings settings;
  /// As read from the log just now.
  leadership_record recovered;
  environment env;
  sync_log_actor log;
  event_bus_actor events;
  std::vector<member> members;
  log_position head;
  /// As in `members_changed`.
  std::optional<sequence_number> members_at = sequence_number{};
  bool is_of_older_copy = false;
  term_number claimed = {};
};

struct leadership_state {
  static inline const char* name = "leadership";
  using self_pointer = leadership_actor::stateful_pointer<leadership_state>;

  void start(self_pointer actor, leadership_setup what);

  /// Performs effects in order; those behind a store wait for the disk.
  void take(election_effects list);
  void hear(const from_peer& what);
  void tick(const leadership_tick& what);
  void watch(const role_watcher& watcher);
  void forget(const caf::actor_addr& watcher);
  [[nodiscard]] leadership_view now_seen() const;
  void publish(event_body what) const;

  caf::typed_response_promise<leadership_view> expect(election_request request);
  caf::typed_response_promise<done> expect_end(election_request request);

  self_pointer self = nullptr;
  leadership_setup setup;
  std::optional<election> machine;
  std::map<device_id, peer_actor> peers;
  /// The library's time is so far ahead of the wall clock.
  std::chrono::milliseconds clock_ahead{};
  election_request next_request = 1;

private:
  void perform_waiting();
  void perform(const send_to_peer& what);
  /// Says it unless the log on the disk has gone on.
  void perform_checked(const send_to_peer& what);
  void perform(const persist_leadership& what);
  void perform(const announce_leadership& what);
  void perform(const answer_request& what);
  void arm();
  [[nodiscard]] wall_time to_wall(time_point at) const;
  [[nodiscard]] leadership_view to_view(const election_view& what) const;
  [[nodiscard]] failure explain(errc code) const;

  std::deque<election_effect> waiting;
  /// Waits for the log.
  bool storing = false;
  std::optional<time_point> armed;
  std::uint64_t generation = 0;
  leadership_view announced;
  std::vector<role_watcher> watchers;
  std::map<election_request, caf::typed_response_promise<leadership_view>>
    asked;
  std::map<election_request, caf::typed_response_promise<done>> ending;
};

leadership_actor::behavior_type
leadership(leadership_actor::stateful_pointer<leadership_state> self,
           leadership_setup setup);

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(watch_role)
LOCKSTEP_LOCAL_MESSAGE(leadership_tick)
