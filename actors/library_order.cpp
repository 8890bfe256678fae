#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "persistence/library_members.hpp"

#include <algorithm>

// What the library does for replication and leadership: the log's order.
namespace lockstep {

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
  if (!leads())
    return refuse(not_leader());
  if (request.under != leadership_.ballot)
    return refuse({errc::stale_ballot,
                   "The proposal came under another ballot; ask who leads."});
  auto members = known_members(*store_, setup_.joined_from);
  if (!members)
    return refuse(members.error());
  // Also those that a member took back from a log that was cut must come from
  // members.
  for (const auto& what : *request.list)
    if (std::none_of(members->begin(), members->end(), [&](const member& one) {
          return one.device == what.device;
        }))
      return refuse({errc::not_member, "Device " + to_string(what.device)
                                         + " is no member of the library."});
  auto opened = open_draft();
  if (!opened)
    return refuse(opened.error());
  auto draft = *opened;
  auto order = sequencer(*draft);
  auto added = add_captured(order);
  if (added)
    added = order.add_proposals(*request.list);
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
  self_
    ->request(setup_.log, caf::infinite,
              append_entries{request.under, request.follows, list})
    .await(
      [this, list, promise](const log_head& head) mutable {
        if (auto caught_up = catch_up(list); !caught_up)
          report_waiting(caught_up.error());
        promise.deliver(head);
        schedule();
      },
      [this, promise](const caf::error& why) mutable {
        promise.deliver(why);
        schedule();
      });
}

expected<void> library_state::catch_up(library_applier::chunk fresh) {
  return applier().catch_up(
    std::move(fresh),
    [this](const library_applier::chunk& list) { note_entries(list, false); });
}

void library_state::report_waiting(const failure& why) const {
  logger().error("library {}: entries wait to be applied: {}",
                 to_string(setup_.library), why.message);
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
  if (auto given = applier().give_back_after(request.keep); !given) {
    promise.deliver(to_error(given.error()));
    schedule();
    return;
  }
  self_->request(setup_.log, caf::infinite, truncate_after{request.keep})
    .await(
      [this, promise](const log_head& head) mutable {
        if (auto loaded = store_->load_accepted(); !loaded)
          logger().error("library {}: {}", to_string(setup_.library),
                         loaded.error().message);
        promise.deliver(head);
        const auto last = store_->pending.last(setup_.device);
        if (last && neighbours_.replication)
          self_->send(neighbours_.replication, pending_advanced{last});
        schedule();
      },
      [this, promise](const caf::error& why) mutable {
        promise.deliver(why);
        schedule();
      });
}

void library_state::change_role(const leadership_view& now) {
  const bool led = leads() && leadership_.ballot == now.ballot;
  leadership_ = now;
  if (leads() && !led)
    take_office();
  else
    schedule();
}

void library_state::take_office() {
  // What could not be applied yet must not be cut off as half a transaction is.
  if (auto caught_up = catch_up(nullptr); !caught_up)
    return fail_office(caught_up.error());
  self_->request(setup_.log, caf::infinite, truncate_after{store_->applied()})
    .await(
      [this](const log_head& head) {
        if (neighbours_.replication)
          self_->send(neighbours_.replication,
                      log_advanced{head.position, head, nullptr});
        if (auto loaded = store_->load_accepted(); !loaded)
          return fail_office(loaded.error());
        auto draft = open_draft();
        if (!draft)
          return fail_office(draft.error());
        if (auto added = sequence_pending(**draft); !added)
          return fail_office(added.error());
        append(*draft, [this](expected<log_head> appended) {
          if (!appended)
            return fail_office(appended.error());
          schedule();
        });
      },
      [this](const caf::error& why) { fail_office(to_failure(why)); });
}

expected<void> library_state::sequence_pending(log_draft& draft) {
  return store_->attempt([&]() -> expected<void> {
    auto hand = writer();
    if (auto foreign = hand.captured(); foreign)
      if (auto kept = hand.keep_pending(*foreign); !kept)
        return kept;
    const auto list = store_->pending.all();
    if (list.empty())
      return {};
    store_->set_applying(true);
    applier().undo_pending();
    store_->pending.clear();
    store_->set_applying(false);
    return sequencer(draft).add_proposals(list);
  });
}

void library_state::fail_office(const failure& why) {
  store_->rollback();
  logger().error("library {}: cannot lead: {}", to_string(setup_.library),
                 why.message);
  // Opened again by its supervisor, it tries anew.
  self_->quit(to_error(why));
}

} // namespace lockstep
