#pragma once

#include "messages/clock.hpp"
#include "protocol/replication_context.hpp"

#include <optional>
#include <span>
#include <vector>

namespace lockstep {

/// A follower's way to the leader's log: one pull at a time, applied before
/// the next; where the logs differ, steps back to the last common entry and
/// yields what is after it. Part of `replication_machine`.
class follower_pull {
public:
  follower_pull(replication_context& context, bool is_fetching_anew)
    : context_(context), passed_gap_(is_fetching_anew) {
  }

  /// Ballot, leader or role changed: nothing is known of the leader's log.
  void restart(time_point now, replication_effects& out);
  void on_peer_up(device_id device, time_point now, replication_effects& out);
  void on_peer_down(device_id device, time_point now, replication_effects& out);

  /// The leader said where its log ends.
  void on_announced(log_position head, time_point now,
                    replication_effects& out);
  void on_new_entries(const new_entries& news, time_point now,
                      replication_effects& out);
  void on_entries(device_id from, const entries& answer, time_point now,
                  replication_effects& out);
  void on_sync_required(device_id from, const sync_required& answer,
                        time_point now, replication_effects& out);

  void on_applied(const expected<log_head>& result, time_point now,
                  replication_effects& out);
  void on_match(const expected<log_position>& result, time_point now,
                replication_effects& out);
  void on_yielded(const expected<log_head>& result, time_point now,
                  replication_effects& out);
  /// The own log has a new end, whoever caused it.
  void on_own_log(log_position head, time_point now, replication_effects& out);
  void on_tick(time_point now, replication_effects& out);
  /// The log names all members that are known here.
  void on_all_named(replication_effects& out) const;

  /// The own log is known to be a part of the leader's.
  [[nodiscard]] bool confirmed() const {
    return confirmed_;
  }
  /// Everything that the leader had when it was first heard of is here.
  [[nodiscard]] bool caught_up() const {
    return caught_up_;
  }
  /// Where the leader's log ended when the logs were first found to match.
  [[nodiscard]] std::optional<log_position> target() const {
    return target_;
  }
  /// Where the leader's log ends, as last heard.
  [[nodiscard]] std::optional<log_position> leader_head() const {
    return leader_head_;
  }
  [[nodiscard]] std::optional<time_point> deadline() const {
    return deadline_;
  }

private:
  /// More make the wait no longer.
  static constexpr std::uint32_t most_attempts = 32;

  enum class phase {
    resting,  ///< Nothing under way; `deadline_` set while backing off.
    asking,   ///< A `fetch_entries` waits for its answer.
    applying, ///< The library applies entries.
    matching, ///< The own log is asked for a position.
    yielding, ///< The library cuts the log.
  };

  [[nodiscard]] bool listening() const {
    return phase_ == phase::resting || phase_ == phase::asking;
  }
  [[nodiscard]] std::optional<device_id> choose_source() const;
  /// Whose word makes this log yield: the leader's; of a leader that joined
  /// without this device, that of a member that follows it.
  [[nodiscard]] bool speaks_for_leader(device_id device) const;
  /// Pulls when there is something to pull and nothing under way.
  void consider(time_point now, replication_effects& out);
  void ask(device_id source, log_position since, bool probe, time_point now,
           replication_effects& out);
  /// What a server of entries holds where these end.
  struct served_end {
    log_position head;
    std::vector<accepted_range> accepted;
    /// As asked, by the leader.
    bool tells_accepted = false;
    /// As in append_entries.
    std::optional<forgotten_deletions> forgotten = {};
    /// Who serves; nil for what the leader sends of its own accord.
    device_id from = {};
  };

  /// Takes what follows on the own head; false when nothing fits.
  bool accept(log_position since, std::span<const entry> list,
              const served_end& end, time_point now, replication_effects& out);
  void note_gaps(std::span<const entry> list);
  void hear_accepted(const served_end& end);
  /// Has the library take what is here, and what it means for operations of
  /// which no entry is left.
  void apply(std::span<const entry> list, const served_end& end,
             replication_effects& out);
  [[nodiscard]] bool in_order(std::span<const entry> list) const;
  void hear_leader(log_position head);
  void confirm(replication_effects& out);
  void doubt();
  void settle();
  /// Not while the log lacks members that this device knows: what is held by
  /// all whom it names would be called stable, and may still be cut with it.
  void acknowledge_head(replication_effects& out) const;
  void rest(time_point now);
  /// The library could not take entries, or cut the log: reads where that
  /// really ends, then backs off.
  void take_refusal(replication_effects& out);
  /// Its source has forgotten deletions that this log, which came from another
  /// one, may lack: goes on with that one, or fetches all of the log anew.
  void change_source(time_point now, replication_effects& out);
  /// It cannot go on with whom it began with.
  void leave(device_id source);

  replication_context& context_;
  phase phase_ = phase::resting;
  /// What is under way was begun under another leader.
  bool abandoned_ = false;
  bool rereading_ = false;
  bool confirmed_ = false;
  bool caught_up_ = false;
  std::optional<log_position> leader_head_;
  /// The leader's head when the logs were first found to match.
  std::optional<log_position> target_;
  device_id source_;
  log_position since_;
  /// `since_` is a guess at the last common entry, not the own head.
  bool probing_ = false;
  sequence_number vacuumed_;
  /// The leader has not said yet which operations its log held of which no
  /// entry is left, or entries were left out since.
  bool wants_accepted_ = true;
  /// Entries were left out, or given back: it has to be asked.
  bool passed_gap_;
  bool asked_for_accepted_ = false;
  /// Where the log ends once what is applied is there.
  log_position expected_;
  std::optional<time_point> deadline_;
  std::uint32_t attempts_ = 0;
  /// Whose entries are being taken, and whose were taken last. That one is the
  /// only source while the leader's log does not go with what came from it.
  device_id taking_from_;
  device_id began_with_;
  bool stays_with_it_ = false;
  /// How often in a row the library could not take what came, as when its disk
  /// is full: it is not fetched over and over meanwhile.
  std::uint32_t refusals_ = 0;
};

} // namespace lockstep
