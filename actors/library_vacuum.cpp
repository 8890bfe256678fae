#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/library_members.hpp"

#include <algorithm>
#include <utility>

// What the library does for a log that stays small.
namespace lockstep {

namespace {

/// Before all that was made by then, on the library's clock.
timestamp time_before(wall_time when) {
  const auto since
    = std::max(when.time_since_epoch(), wall_time::duration::zero());
  return {static_cast<std::uint64_t>(since.count()) << 16};
}

} // namespace

void library_state::move_vacuum_bound(sequence_number through) {
  // Whoever stands further back is not to lose its place.
  if (through < vacuum_through_)
    self_->send(setup_.log, stop_vacuum{});
  vacuum_through_ = through;
}

expected<vacuum_old_entries> library_state::vacuum_wish(timestamp before) {
  const auto applied = applied_sequence();
  if (!applied)
    return tl::make_unexpected(applied.error());
  return vacuum_bound(*store_, vacuum_through_).map([&](sequence_number bound) {
    return vacuum_old_entries{before, std::min(bound, *applied)};
  });
}

caf::result<vacuum_result>
library_state::vacuum(const vacuum_library& request) {
  // What the tables show must not be lost where the log cannot show it again.
  auto wish
    = store_->flush().and_then([&] { return vacuum_wish(request.before); });
  if (!wish)
    return to_error(wish.error());
  wish->archive = request.archive;
  return self_->delegate(setup_.log, *wish);
}

void library_state::look_for_vacuum_later() {
  if (const auto pause = vacuum_schedule_.next_look())
    self_->delayed_send(library_actor{self_}, *pause, vacuum_look{});
}

void library_state::look_for_vacuum() {
  if (!store_ || detached_ || closing_)
    return;
  look_for_vacuum_later();
  const auto keep
    = std::chrono::duration_cast<std::chrono::milliseconds>(setup_.vacuum.keep);
  const auto before = time_before(clock_.at(read_clocks()) - keep);
  auto wish = vacuum_wish(before);
  if (!wish
      || !vacuum_schedule_.is_due(self_->clock().now(), wish->through, before))
    return;
  if (auto flushed = store_->flush(); !flushed) {
    logger().warn("library {}: its log is not vacuumed: {}",
                  to_string(setup_.library), flushed.error().message);
    return;
  }
  wish->archive = setup_.vacuum.archive;
  wish->in_background = true;
  self_->request(setup_.log, caf::infinite, *wish)
    .then(
      [this, through = wish->through](const vacuum_result& done) {
        vacuum_schedule_.ended(self_->clock().now(), through,
                               done.oldest_young);
        if (done.removed != 0)
          logger().info("library {}: {} entries removed from the log",
                        to_string(setup_.library), done.removed);
      },
      [this](const caf::error& why) {
        const auto what = to_failure(why);
        // Else it was asked to stop, and tries again later.
        if (what.code != errc::cancelled && what.code != errc::busy
            && what.code != errc::closed)
          logger().warn("library {}: its log is not vacuumed: {}",
                        to_string(setup_.library), what.message);
      });
}

expected<void> library_state::settle_vacuumed() {
  if (!vacuumed_due_)
    return {};
  const auto applied = applied_sequence();
  const auto end = store_->log.latest_sequence();
  const auto vacuumed = store_->log.vacuumed_through();
  if (!applied || !end || !vacuumed)
    return tl::make_unexpected(!applied ? applied.error()
                               : !end   ? end.error()
                                        : vacuumed.error());
  // Half a transaction at the log's end may be cut off again.
  if (*applied < *end)
    return {};
  if (auto loaded = store_->load_accepted(); !loaded)
    return loaded;
  const auto own = applier().settle_vacuumed(is_whole_);
  if (!own)
    return tl::make_unexpected(own.error());
  vacuumed_due_ = is_whole_ = false;
  // Where they stood, nobody knows any more, but that it was in this log.
  for (const auto number : *own)
    receipts_.settle(number, std::min(*vacuumed, *end), false);
  if (neighbours_.replication)
    send_members();
  send_answers();
  return {};
}

void library_state::note_outlived(
  const std::vector<device_sequence_number>& cut) {
  const auto noted = store_->attempt([&]() -> expected<void> {
    for (const auto number : cut)
      if (!store_->pending.holds(setup_.device, number))
        outlived_.push_back(number);
    return {};
  });
  if (!noted)
    logger().error("library {}: {}", to_string(setup_.library),
                   noted.error().message);
}

void library_state::settle_outlived() {
  if (outlived_.empty())
    return;
  const auto waits = store_->attempt([&]() -> expected<bool> {
    return pending_queue::is_in_front(store_->pending.place_in_front(0));
  });
  const auto applied = applied_sequence();
  if (!waits || *waits || !applied)
    return;
  for (const auto number : std::exchange(outlived_, {}))
    receipts_.settle(number, *applied, false);
  send_answers();
}

} // namespace lockstep
