#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/first_sync_mark.hpp"
#include "persistence/unlogged_records.hpp"

#include <utility>

// A library whose log is still coming for the first time.
namespace lockstep {

void library_state::recover_first_sync() {
  const auto marked = is_in_first_sync(*store_);
  const auto applied = applied_sequence();
  if (marked.value_or(false))
    first_sync_ = first_sync::from(applied.value_or(sequence_number{}));
}

void library_state::hear_target(const first_sync_target& what) {
  if (!store_ || !first_sync_.under_way())
    return;
  first_sync_.on_target(what);
  tell_first_sync();
  end_first_sync();
}

void library_state::advance_first_sync(const library_applier::chunk& list) {
  if (!first_sync_.under_way())
    return;
  std::uint64_t bytes = 0;
  for (const auto& what : *list)
    bytes += what.data.size();
  first_sync_.on_applied(list->back().sequence, bytes, self_->clock().now());
  tell_first_sync();
}

void library_state::tell_first_sync() {
  if (!first_sync_.tells(self_->clock().now()))
    return;
  const auto now = first_sync_.progress();
  logger().info("library {}: first sync: {} of {} entries", setup_.name,
                now.entries, now.total);
  publish(now);
}

void library_state::end_first_sync() {
  if (!first_sync_.under_way() || detached_)
    return;
  const auto applied = applied_sequence();
  // Who leads has what there is.
  if (!applied || !(leads() || first_sync_.is_complete(*applied)))
    return;
  const auto taken = take_up_unlogged(*store_);
  if (!taken) {
    logger().error("library {}: {}", to_string(setup_.library),
                   taken.error().message);
    behind_ = true;
    try_later();
    return;
  }
  first_sync_.finish(*applied);
  logger().info("library {}: first sync is over at entry {}", setup_.name,
                to_string(*applied));
  publish(first_sync_.progress());
  for (auto& table : std::exchange(waiting_tables_, {}))
    begin_tracking(std::move(table));
  send_members();
  tell_pending();
  looked_at_.reset();
  look_at_database();
}

std::optional<failure> library_state::why_incomplete() const {
  if (!first_sync_.under_way())
    return std::nullopt;
  const auto now = first_sync_.progress();
  return failure{errc::incomplete,
                 "The first sync of \"" + setup_.name
                   + "\" has not finished: " + std::to_string(now.entries)
                   + (now.total == 0 ? "" : " of " + std::to_string(now.total))
                   + " entries are here, so that it cannot be read yet; keep"
                     " it connected (lockstep serve), lockstep wait returns"
                     " once all is there."};
}

} // namespace lockstep
