#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/clock_correction.hpp"

// The library's time, which follows the leader's.
namespace lockstep {

library_clock::reading library_state::read_clocks() {
  const auto now = self_->clock().now();
  return {setup_.env.wall(now), setup_.env.uptime(now)};
}

timestamp library_state::now() {
  return clock_.tick(read_clocks());
}

void library_state::hear_leader(const leader_time& what) {
  if (leads() || !store_ || detached_)
    return;
  const auto behind = clock_.behind(
    what.now, {what.heard_wall, what.heard_uptime}, what.is_first);
  if (!behind)
    return;
  const auto next = store_->attempt([&]() -> expected<device_sequence_number> {
    return store_->next_device_sequence();
  });
  if (!next)
    return;
  if (*behind != library_clock::milliseconds::zero()) {
    logger().info("library {}: the clock here is {} ms behind the leader's; the"
                  " library's time follows the leader's",
                  to_string(setup_.library), behind->count());
    if (auto kept = correct_clock(*store_, clock_.correction() + *behind,
                                  stamped_well_, *behind);
        !kept) {
      logger().warn("library {}: {}", to_string(setup_.library),
                    kept.error().message);
      return;
    }
    clock_.move(*behind);
    tell_clock();
  }
  stamped_well_ = device_sequence_number{next->value - 1};
}

void library_state::tell_clock() {
  const clock_corrected now{clock_.correction()};
  if (neighbours_.replication)
    self_->send(neighbours_.replication, now);
  if (neighbours_.leadership)
    self_->send(neighbours_.leadership, now);
}

} // namespace lockstep
