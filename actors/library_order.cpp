#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "actors/shared_threads.hpp"
#include "persistence/kept_local_columns.hpp"
#include "persistence/older_copy.hpp"
#include "persistence/pending_keeper.hpp"
#include "persistence/unlogged_records.hpp"
#include "protocol/backoff.hpp"

#include <algorithm>
#include <utility>

// What the library does for replication and leadership: the log's order.
namespace lockstep {

namespace {

constexpr std::chrono::seconds retry_first{1};
constexpr std::chrono::seconds retry_most{30};

bool has_pending(library_store& store) {
  return store
    .attempt([&]() -> expected<bool> { return store.pending.count() != 0; })
    .value_or(false);
}

} // namespace

void library_state::sequence(
  const sequence_operations& request,
  caf::typed_response_promise<operations_sequenced> promise) {
  auto refuse = [&](const failure& why) {
    logger().warn("library {}: a proposal of {} is refused: {}",
                  to_string(setup_.library), to_string(request.from),
                  why.message);
    promise.deliver(to_error(why));
    schedule();
  };
  if (!sequences())
    return refuse(not_leader());
  if (request.under != leadership_.ballot)
    return refuse({errc::stale_ballot,
                   "The proposal came under another ballot; ask who leads."});
  if (hands_over(request.from, request.tables))
    return refuse({errc::not_leader,
                   "It is about tables that are not here, and the leadership"
                   " goes to a device that has them."});
  auto opened = open_draft();
  if (!opened)
    return refuse(opened.error());
  auto draft = *opened;
  auto order = sequencer(*draft);
  auto hand = writer();
  auto added = take_captured(hand, order).and_then([&] {
    return order.add_proposal(request.from, request.follows, *request.list);
  });
  if (!added) {
    store_->rollback();
    return refuse(added.error());
  }
  device_sequence_number through;
  for (const auto& what : *request.list)
    if (what.device == request.from)
      through = std::max(through, what.device_sequence);
  append(draft, [this, promise, through](expected<log_head> appended) mutable {
    if (appended)
      promise.deliver(operations_sequenced{through});
    else
      promise.deliver(to_error(appended.error()));
    schedule();
  });
}

bool library_state::outranks(const ballot& under) const {
  return under < leadership_.ballot || (leads() && under == leadership_.ballot);
}

void library_state::obey(const ballot& under) {
  if (!leads() || under == leadership_.ballot)
    return;
  leadership_.role = role::follower;
  leadership_.ballot = under;
}

void library_state::apply(const apply_entries& request, head_promise promise) {
  if (outranks(request.under)) {
    promise.deliver(to_error(
      {errc::stale_ballot, "The entries came under an older ballot."}));
    schedule();
    return;
  }
  obey(request.under);
  auto list = request.list;
  const handing_over now;
  self_
    ->request(setup_.log, caf::infinite,
              append_entries{request.under, request.follows, list,
                             request.accepted, request.forgotten})
    .await(
      [this, list, promise,
       vacuumed = !request.accepted.empty()](const log_head& head) mutable {
        if (vacuumed)
          vacuumed_due_ = is_whole_ = true;
        follow_log(list);
        const handing_over now;
        promise.deliver(head);
        // Applying captures what other programs wrote meanwhile.
        tell_pending();
        schedule();
      },
      [this, promise](const caf::error& why) mutable {
        if (auto said = to_failure(why); said.code == errc::corrupt)
          problem_ = std::move(said);
        promise.deliver(why);
        schedule();
      });
}

void library_state::advance_stable(sequence_number stable) {
  if (!store_ || stable < stable_)
    return;
  stable_ = stable;
  receipts_.set_stable(stable, member_count());
  send_answers();
}

void library_state::advance_held(sequence_number held) {
  if (!store_ || held < held_)
    return;
  held_ = held;
  receipts_.set_held(held, member_count() / 2 + 1);
  send_answers();
}

expected<void> library_state::catch_up(library_applier::chunk fresh) {
  auto done = applier().catch_up(
    std::move(fresh),
    [this](const library_applier::chunk& list) { note_entries(list, false); });
  if (done && !std::exchange(has_caught_up_, true))
    send_members();
  // What another program wrote meanwhile is pending by now. Whom would a leader
  // propose it to?
  if (done && sequences() && has_pending(*store_))
    enqueue(job{[this] {
      if (sequences() && has_pending(*store_))
        take_office();
      else
        schedule();
    }});
  return done;
}

void library_state::follow_log(library_applier::chunk fresh) {
  auto caught_up = catch_up(std::move(fresh))
                     .and_then([this] { return settle_vacuumed(); })
                     .and_then([this] { return drop_outlived_rows(); });
  problem_ = caught_up ? failure{errc::none, {}} : caught_up.error();
  if (caught_up) {
    failed_tries_ = 0;
    settle_outlived();
    return end_first_sync();
  }
  logger().error("library {}: entries wait to be applied: {}",
                 to_string(setup_.library), caught_up.error().message);
  behind_ = true;
  try_later();
}

void library_state::try_later() {
  // Every turn comes by here while the tables are behind; one timer is enough.
  const auto now = self_->clock().now();
  if (now < next_retry_)
    return;
  const auto pause = doubling_wait(retry_first, failed_tries_++, retry_most);
  next_retry_ = now + pause;
  self_->delayed_send(library_actor{self_}, pause, library_turn{});
}

expected<sequence_number> library_state::applied_sequence() {
  return store_->attempt(
    [this]() -> expected<sequence_number> { return store_->applied(); });
}

void library_state::tell_pending() {
  auto last = store_->attempt([this]() -> expected<device_sequence_number> {
    return store_->pending.last(setup_.device);
  });
  if (last && *last && neighbours_.replication)
    self_->send(neighbours_.replication, pending_advanced{*last});
}

void library_state::yield(const yield_log& request, head_promise promise) {
  if (outranks(request.under)) {
    promise.deliver(
      to_error({errc::stale_ballot, "The order to yield came under an older"
                                    " ballot."}));
    schedule();
    return;
  }
  obey(request.under);
  // What was whole is cut now.
  is_whole_ = false;
  // What goes is read more than once, and must not be vacuumed in between.
  self_->send(setup_.log, stop_vacuum{});
  self_->request(setup_.log, caf::infinite, read_head{})
    .await(
      [this, request, promise](const log_head&) { cut_log(request, promise); },
      [this, promise](const caf::error& why) mutable {
        promise.deliver(why);
        schedule();
      });
}

void library_state::cut_log(const yield_log& request, head_promise promise) {
  member_count_.reset();
  const auto kept = applier().give_back_after(request.keep);
  if (!kept) {
    promise.deliver(to_error(kept.error()));
    schedule();
    return;
  }
  self_->request(setup_.log, caf::infinite, truncate_after{*kept})
    .await(
      [this, promise, keep = *kept](const log_head& head) mutable {
        if (auto loaded = store_->load_accepted(); !loaded)
          logger().error("library {}: {}", to_string(setup_.library),
                         loaded.error().message);
        note_outlived(receipts_.cut_after(keep));
        promise.deliver(head);
        // Who was let in or removed after that is so no more, for now.
        send_members();
        tell_pending();
        schedule();
      },
      [this, promise](const caf::error& why) mutable {
        promise.deliver(why);
        schedule();
      });
}

void library_state::change_role(const leadership_view& now) {
  const bool led = leads() && leadership_.ballot == now.ballot;
  leadership_ = announced_ = now;
  clock_.set_leads(leads());
  if (leads() && !led)
    take_office();
  else
    schedule();
}

void library_state::take_office() {
  // Others have added to them since.
  conflicts_.reset();
  // What could not be applied yet must not be cut off as half a transaction is.
  if (auto caught_up
      = catch_up(nullptr).and_then([this] { return settle_vacuumed(); });
      !caught_up)
    return fail_office(caught_up.error());
  if (auto ended = end_older_copy(*store_); !ended)
    return fail_office(ended.error());
  auto applied = applied_sequence();
  if (!applied)
    return fail_office(applied.error());
  self_->request(setup_.log, caf::infinite, truncate_after{*applied})
    .await(
      [this](const log_head& head) {
        if (neighbours_.replication)
          self_->send(neighbours_.replication,
                      log_advanced{head.position, head, nullptr});
        if (auto loaded = store_->load_accepted(); !loaded)
          return fail_office(loaded.error());
        if (auto dropped = drop_outlived_rows(); !dropped)
          return fail_office(dropped.error());
        // What is proposed then is a part of what office begins with.
        if (first_sync_.under_way() && !detached_)
          if (auto taken = take_up_unlogged(*store_); !taken)
            return fail_office(taken.error());
        auto draft = open_draft();
        if (!draft)
          return fail_office(draft.error());
        if (auto added = open_office(**draft); !added)
          return fail_office(added.error());
        append(*draft, [this](expected<log_head> appended) {
          if (!appended)
            return fail_office(appended.error());
          failed_tries_ = 0;
          settle_outlived();
          end_first_sync();
          schedule();
        });
      },
      [this](const caf::error& why) { fail_office(to_failure(why)); });
}

expected<void> library_state::open_office(log_draft& draft) {
  return sequence_pending(draft).and_then([&]() -> expected<void> {
    const bool is_its_own = draft.follows().ballot == leadership_.ballot;
    if (setup_.mode == consistency::available || is_its_own || !draft.empty())
      return {};
    return sequencer(draft).add_nothing();
  });
}

expected<void> library_state::sequence_pending(log_draft& draft) {
  return store_->attempt([&]() -> expected<void> {
    auto hand = writer();
    auto order = sequencer(draft);
    auto& queue = store_->proposed;
    queue.clear();
    if (store_->pending.count() == 0) {
      // What the tables show stands on the log alone.
      return take_captured(hand, order);
    }
    pending_keeper keeper{*store_};
    if (auto taken = take_captured(hand, keeper); !taken)
      return taken;
    kept_local_columns local{*store_};
    applier().take_pending_into(queue);
    auto added = order.add_all(queue);
    if (added) {
      store_->set_applying(true);
      local.restore();
      store_->set_applying(false);
    }
    return added;
  });
}

void library_state::fail_office(const failure& why) {
  store_->rollback();
  if (why.code == errc::stale_ballot) {
    // Another leads already, and word of that is on its way.
    leadership_.role = role::candidate;
    schedule();
    return;
  }
  logger().error("library {}: cannot lead: {}", to_string(setup_.library),
                 why.message);
  if (why.code == errc::busy || why.code == errc::disk_full) {
    // Another program holds the file for long, or there is no room for what
    // waits: until that is over, this device writes as a follower does, and can
    // be read.
    leadership_.role = role::candidate;
    office_due_ = true;
    try_later();
    schedule();
    return;
  }
  // Opened again by its supervisor, it tries anew.
  self_->quit(to_error(why));
}

} // namespace lockstep
