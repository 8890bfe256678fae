#pragma once

#include "messages/clock.hpp"
#include "protocol/replication_context.hpp"

#include <optional>
#include <utility>

namespace lockstep {

/// A follower's way to get its operations sequenced: in order, one proposal at
/// a time, again until the leader has them. The leader filters what it has
/// already, so repeating is harmless. Part of `replication_machine`.
class proposer {
public:
  explicit proposer(replication_context& context) : context_(context) {
  }

  /// Another leader, a new connection to it, or operations that became pending
  /// again: starts from the first pending operation.
  void restart();
  void on_pending_advanced(device_sequence_number last);
  void on_pending(const expected<pending_batch>& result, time_point now,
                  replication_effects& out);
  void on_proposal_ack(const proposal_ack& answer, time_point now);
  void on_tick(time_point now);

  /// Proposes when there is something to propose and nothing under way; `ready`
  /// says whether the leader may be asked now.
  void consider(bool ready, replication_effects& out);

  [[nodiscard]] std::optional<time_point> deadline() const {
    return deadline_;
  }

private:
  enum class phase {
    resting, ///< `deadline_` set while backing off.
    reading, ///< The library is asked for pending operations.
    waiting, ///< A proposal waits for its answer.
  };

  void back_off(time_point now);

  replication_context& context_;
  phase phase_ = phase::resting;
  /// The read under way was begun before a restart.
  bool stale_read_ = false;
  /// There may be operations to propose.
  bool wanted_ = true;
  /// The leader has everything up to here.
  device_sequence_number through_;
  /// This device's last operation in the proposal under way; none when it only
  /// holds those of others, taken back from a log that was cut.
  device_sequence_number proposed_;
  /// The library may have more than the proposal under way holds.
  bool more_ = false;
  /// The proposal under way holds others' operations, which the library gives
  /// again until their entries come.
  bool has_others_ = false;
  /// The first of these, so that it is seen whether any came.
  std::pair<device_id, device_sequence_number> first_of_others_;
  /// The deadline is only for them.
  bool waits_for_others_ = false;
  /// The last pending operation that was announced.
  device_sequence_number last_;
  std::optional<time_point> deadline_;
  std::uint32_t attempts_ = 0;
};

} // namespace lockstep
