#pragma once

#include "protocol/election_types.hpp"
#include "protocol/quorum.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <set>

namespace lockstep {

/// Decides who leads one library, as seen by one device. Pure: time is an
/// argument, and every input returns what the shell is to do, in order.
///
/// `current` is the newest ballot that somebody is known to have led under; a
/// claim alone does not raise it (only `vote`), so that a device which cannot
/// hear the leader does not unseat it by asking.
///
/// With `consistency::quorum` a leader needs a majority: its votes, and answers
/// to its heartbeats within each lease. Then a granted vote does raise
/// `current`: what the voter takes from an older leader afterwards must not
/// count for that one's majority.
///
/// A device whose log is of an older copy leads only when every other member
/// grants it: of two other logs the longer one has all that is stable, while it
/// may lack what it was counted for.
class election {
public:
  /// How many questions may wait for an answer; more are refused as `busy`.
  static constexpr std::size_t request_limit = 64;

  explicit election(const election_setup& setup);

  /// The first input: continues a leadership whose lease still runs, asks for
  /// one whose lease has run out, or waits for a leader.
  election_effects start(time_point now);

  /// To be called when `deadline()` has come; earlier calls do nothing.
  election_effects on_tick(time_point now);

  /// The device can be reached, or can no longer.
  election_effects peer_up(device_id peer, time_point now);
  election_effects peer_down(device_id peer, time_point now);

  election_effects on(device_id from, const heartbeat& what, time_point now);
  election_effects on(device_id from, const heartbeat_ack& what,
                      time_point now);
  election_effects on(device_id from, const claim& what, time_point now);
  election_effects on(device_id from, const vote& what, time_point now);
  election_effects on(device_id from, const hand_over& what, time_point now);
  /// A member has opened the library, or waits for a leader: a leader says at
  /// once that it leads.
  election_effects on(device_id from, const hello& what, time_point now);

  /// Who takes part, as the log says; a leader that was removed hands over.
  election_effects on(const members_changed& what, time_point now);
  /// This device's log ends here now.
  election_effects head_changed(log_position head, time_point now);
  /// Every member holds the log up to here; told with the heartbeats.
  void stable_changed(sequence_number stable);
  /// A majority does.
  void majority_changed(sequence_number held);
  void vacuum_bound_changed(const vacuum_bounds& now);

  /// Asks the others. Answers: granted; `not_leader` when one refused;
  /// `invalid_argument` when the device may not lead; `busy`, `closed`.
  election_effects request_leadership(election_request request, time_point now);
  /// On the leader: waits until `to` holds the whole log, then hands over.
  /// Granted once `to` leads. Else `not_leader`, `not_member`, `not_found` (not
  /// connected), `timed_out`, `busy`, `closed`.
  election_effects transfer(election_request request, device_id to,
                            time_point now);
  /// Hands over if this device leads, and is silent from then on. Granted once
  /// the other has asked for the leadership, or had the time to.
  election_effects step_down(election_request request, time_point now);

  [[nodiscard]] election_view view() const;

  /// When `on_tick` is due; nothing while there is nothing to wait for.
  [[nodiscard]] std::optional<time_point> deadline() const;

private:
  struct peer {
    std::optional<log_position> head; ///< As last acknowledged.
    bool granted = false;
    bool has_older_copy = false; ///< As it said with its vote.
    /// It has no log to lead with, as it said.
    bool needs_leader = false;
  };
  struct running_transfer {
    election_request request = 0;
    device_id to;
    time_point ask_at;
    time_point give_up_at;
    bool handed = false;
  };

  // Who is who.
  [[nodiscard]] bool is_member(device_id device) const;
  [[nodiscard]] bool has_others() const;
  [[nodiscard]] bool may_claim() const;
  /// Or stands for one that may lead and lacks what this device holds.
  [[nodiscard]] bool may_ask() const;
  [[nodiscard]] bool is_needed_as_leader() const;
  [[nodiscard]] bool hears_leader(time_point now) const;
  [[nodiscard]] bool outranks(log_position head, device_id device) const;
  [[nodiscard]] std::vector<device_id> reachable() const;
  [[nodiscard]] bool needs_majority() const;
  [[nodiscard]] bool reaches_majority() const;
  [[nodiscard]] bool has_vote_of(device_id device) const;
  /// Of votes of those that have not forgotten what they held.
  [[nodiscard]] bool has_majority() const;
  [[nodiscard]] bool has_all_votes() const;
  /// Whether a device with an older copy of its log does not reach all others:
  /// one that it lacks may hold what this device was said to hold.
  [[nodiscard]] bool lacks_somebody() const;
  /// Whether it may give way to none but its betters: not where it cannot win.
  [[nodiscard]] bool can_win() const;
  [[nodiscard]] bool has_enough_votes() const;

  // Effects.
  void send(device_id to, peer_message message);
  void send_heartbeat(device_id to);
  void answer(election_request request, errc outcome);
  void store(bool lease_too = false);
  void announce();
  election_effects finish();

  // Leading.
  void lead(ballot under, bool answered, time_point now);
  void lead_afresh(ballot above, time_point now);
  void beat(time_point now);
  void learn_newer(device_id from, const heartbeat_ack& what, time_point now);
  /// A member follows the leader under the ballot known here.
  void hear_of_leader(device_id from, time_point now);
  void outbid_removed(const ballot& under, time_point now);
  [[nodiscard]] bool may_answer(const ballot& newer, time_point now);
  void give_up_leading(device_id to, time_point now);
  void renew_lease(time_point now);
  void lose_majority(time_point now);
  void continue_transfer(time_point now);
  void end_transfer(errc outcome);
  void leave();

  // Following.
  void follow(ballot under, device_id leader, time_point claim_at);
  void hear(device_id leader, const heartbeat& what, time_point now);
  void ask_for_leader(time_point now);

  // Asking.
  void begin_claim(bool handed_over, time_point now);
  [[nodiscard]] claim own_claim() const;
  void win_if_decided(time_point now);
  void end_window(time_point now);
  void grant(device_id to, const claim& what, time_point now);
  void refused(const vote& what, time_point now);
  [[nodiscard]] refusal judge(device_id from, const claim& what,
                              time_point now) const;
  /// Whether the asker lacks what may not be cut, whoever leads.
  [[nodiscard]] bool must_not_lose(const claim& what) const;
  /// Whether a vote that was not given is one all the same.
  [[nodiscard]] bool is_of_a_removed_leader(const vote& what) const;
  [[nodiscard]] bool ranks_above(device_id from, const claim& what) const;
  void withdraw(time_point claim_at);
  void answer_askers(errc outcome);
  [[nodiscard]] duration random_below(duration limit);
  [[nodiscard]] duration back_off();

  leadership_settings settings_;
  device_id self_;
  std::mt19937_64 random_;
  election_effects out_;

  // Stored.
  ballot current_;
  ballot vote_;
  device_id leader_;
  time_point lease_until_;
  persist_leadership stored_;

  role role_ = role::follower;
  bool alone_ = false;
  bool silent_ = false;
  std::optional<election_view> announced_;
  std::uint64_t newest_term_ = 0;
  log_position head_;
  sequence_number stable_;
  sequence_number held_;
  vacuum_bounds vacuum_;
  std::set<device_id> members_;
  quorum quorum_;
  std::set<device_id> removed_;
  bool is_of_older_copy_ = false;
  std::map<device_id, peer> peers_;
  std::vector<election_request> askers_;

  // Leader.
  time_point next_beat_;
  bool beat_answered_ = false;
  unsigned unanswered_beats_ = 0;
  /// When each member last answered.
  std::map<device_id, time_point> answered_at_;
  /// Whom this device took a fresh ballot against; it does so once, so that two
  /// busy leaders do not outbid each other for ever.
  device_id contested_;
  /// The newer ballot whose owner was asked for its log, and until when its
  /// answer is waited for.
  ballot asked_;
  time_point answer_by_;
  std::optional<running_transfer> transfer_;
  /// Waits to be silent until whom it handed over to has heard that, or until
  /// then.
  std::optional<election_request> leaving_;
  time_point leave_by_;

  // Candidate.
  bool handed_over_ = false;
  time_point window_end_;

  // Follower.
  std::optional<time_point> heard_at_;
  std::optional<time_point> claim_at_;
  device_id handed_to_;
  unsigned refusals_ = 0;
  /// Was refused for what it lacks by this device, which never leads and stands
  /// itself until somebody leads.
  device_id stands_for_;
  /// Those that have asked for the leadership and may have it.
  std::set<device_id> would_lead_;
};

} // namespace lockstep
