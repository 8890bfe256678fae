#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/forgotten_records.hpp"
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

vacuum_bounds bounds_of(const vacuum_old_entries& wish) {
  return {wish.through, wish.forget_through};
}

} // namespace

void library_state::move_vacuum_bound(const vacuum_bounds& now) {
  // Whoever stands further back is not to lose its place.
  if (now.through < vacuum_.through
      || now.forget_through < vacuum_.forget_through)
    self_->send(setup_.log, stop_vacuum{});
  vacuum_ = now;
}

expected<vacuum_old_entries> library_state::vacuum_wish(timestamp before) {
  const auto applied = applied_sequence();
  if (!applied)
    return tl::make_unexpected(applied.error());
  return vacuum_bound(*store_, vacuum_.through).map([&](sequence_number bound) {
    const auto through = std::min(bound, *applied);
    return vacuum_old_entries{before, through,
                              std::min(through, vacuum_.forget_through)};
  });
}

caf::typed_response_promise<vacuum_result>
library_state::vacuum(const vacuum_library& request) {
  auto promise = self_->make_response_promise<vacuum_result>();
  // What the tables show must not be lost where the log cannot show it again.
  auto wish
    = store_->flush().and_then([&] { return vacuum_wish(request.before); });
  if (!wish) {
    promise.deliver(to_error(wish.error()));
    return promise;
  }
  wish->archive = request.archive;
  self_->request(setup_.log, caf::infinite, *wish)
    .then(
      [this, promise](const vacuum_result& done) mutable {
        promise.deliver(done);
        forget_records();
      },
      [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

void library_state::forget_records() {
  if (store_)
    go_on_forgetting(std::make_shared<forgotten_records>(*store_));
}

void library_state::go_on_forgetting(std::shared_ptr<forgotten_records> what) {
  enqueue(job{[this, what] {
    const auto more = detached_ ? expected<bool>{false} : what->step();
    if (!more)
      logger().warn("library {}: deleted records are kept in mind: {}",
                    to_string(setup_.library), more.error().message);
    else if (*more)
      go_on_forgetting(what);
    schedule();
  }});
}

timestamp library_state::kept_from() {
  const auto keep
    = std::chrono::duration_cast<std::chrono::milliseconds>(setup_.vacuum.keep);
  return time_before(clock_.at(read_clocks()) - keep);
}

void library_state::look_for_vacuum_later() {
  if (const auto pause = vacuum_schedule_.next_look())
    self_->delayed_send(library_actor{self_}, *pause, vacuum_look{});
}

void library_state::look_for_vacuum() {
  if (!store_ || detached_ || closing_)
    return;
  look_for_vacuum_later();
  const auto before = kept_from();
  auto wish = vacuum_wish(before);
  if (!wish
      || !vacuum_schedule_.is_due(self_->clock().now(), bounds_of(*wish),
                                  before))
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
      [this, bounds = bounds_of(*wish)](const vacuum_result& done) {
        vacuum_schedule_.ended(self_->clock().now(), bounds, done.oldest_young);
        forget_records();
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

expected<void> library_state::drop_outlived_rows() {
  if (!outlived_rows_due_)
    return {};
  const auto applied = applied_sequence();
  const auto end = store_->log.latest_sequence();
  if (!applied || !end)
    return tl::make_unexpected(!applied ? applied.error() : end.error());
  // What the rest of a transaction says of a row may not be applied yet.
  if (*applied < *end)
    return {};
  return applier().drop_outlived_rows().map(
    [this] { outlived_rows_due_ = false; });
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
