#pragma once

#include "messages/clock.hpp"
#include "protocol/replication_context.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace lockstep {

/// A leader's way to its followers: tells them that the log has grown, one
/// unanswered notification per follower, and hears how far each one is. Part of
/// `replication_machine`.
class leader_feed {
public:
  explicit leader_feed(replication_context& context) : context_(context) {
  }

  /// This device leads now: nothing is known of the others.
  void start(time_point now, replication_effects& out);
  void stop();

  /// The own log has grown by `list`, which may be left out.
  void on_own_log(log_position follows,
                  std::shared_ptr<const std::vector<entry>> list,
                  time_point now, replication_effects& out);
  void on_acknowledge(device_id from, log_position through, time_point now,
                      replication_effects& out);
  void on_peer_up(device_id device, time_point now);
  void on_peer_down(device_id device);
  /// The peer greeted: it hears us now.
  void on_greeting(device_id device, time_point now, replication_effects& out);
  void on_members(time_point now, replication_effects& out);
  void on_tick(time_point now, replication_effects& out);

  [[nodiscard]] std::optional<time_point> deadline() const;

  /// What the device is known to hold under the current ballot.
  [[nodiscard]] std::optional<sequence_number> held_by(device_id device) const;
  /// The lowest sequence that every member is known to hold; one that was
  /// removed counts as well until all others know.
  [[nodiscard]] sequence_number held_by_all() const;
  /// The same of those that are not silent for too long.
  [[nodiscard]] sequence_number held_by_all_but_stale() const;
  /// What a majority is known to hold and to keep: nothing while that is not
  /// also the end of an entry of this leader's own ballot, since what came
  /// under older ones may still lose against a log that goes on otherwise.
  [[nodiscard]] sequence_number held_by_majority() const;
  /// Tells idle followers that all of the log has become stable, or held by a
  /// majority, which would else wait for the next news.
  void announce(sequence_number reached, replication_effects& out) const;

private:
  struct follower {
    /// The end of the notification that waits for its acknowledgement.
    std::optional<log_position> notified;
    std::optional<time_point> retry_at;
    std::uint32_t attempts = 0;
  };

  /// Notifies unless a notification is under way or nothing is new.
  void consider(device_id device, time_point now, replication_effects& out);
  void notify(device_id device, follower& to, time_point now,
              replication_effects& out);
  [[nodiscard]] new_entries news() const;
  [[nodiscard]] bool fits_inline(log_position follows) const;
  [[nodiscard]] sequence_number
  held_by_all_but(const std::set<device_id>& left_out) const;

  replication_context& context_;
  std::map<device_id, follower> followers_;
  /// Connected, but not heard of since.
  std::set<device_id> silent_;
  /// By member, under the current ballot; outlives connections.
  std::map<device_id, log_position> acknowledged_;
  /// The latest group, while it may ride inline.
  log_position group_follows_;
  std::shared_ptr<const std::vector<entry>> group_;
};

} // namespace lockstep
