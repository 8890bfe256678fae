#include "actors/library_state.hpp"

#include "actors/errors.hpp"
#include "actors/kept_promise.hpp"
#include "actors/logging.hpp"
#include "persistence/clock_correction.hpp"
#include "persistence/conflict_list.hpp"
#include "persistence/library_members.hpp"
#include "persistence/location_index.hpp"
#include "persistence/older_copy.hpp"
#include "persistence/outlived_rows.hpp"
#include "persistence/set_aside.hpp"

#include <algorithm>

namespace lockstep {

void library_state::start(library_actor::pointer self, library_setup setup) {
  self_ = self;
  setup_ = std::move(setup);
  store_ = std::move(setup_.store);
  clock_
    = library_clock{setup_.limits.clock_ahead_limit, clock_correction(*store_)};
  stamped_well_ = store_
                    ->attempt([&]() -> expected<device_sequence_number> {
                      return store_->pending.last(setup_.device);
                    })
                    .value_or(device_sequence_number{});
  random_.seed(setup_.env.seed ^ std::hash<library_id>{}(setup_.library));
  receipts_ = receipt_book{setup_.device, 10'000, setup_.mode};
  recover_first_sync();
  vacuum_schedule_ = vacuum_schedule{setup_.vacuum.period};
  if (const auto due = note_outlived_rows(*store_))
    outlived_rows_due_ = *due;
  else
    logger().error("library {}: {}", to_string(setup_.library),
                   due.error().message);
  follow_log(nullptr);
  look_for_vacuum_later();
  if (!setup_.env.simulated)
    watch_database();
}

void library_state::submit(commit_transaction request,
                           receipt_promise promise) {
  auto steps
    = std::make_shared<std::vector<transaction_step>>(std::move(request.steps));
  enqueue_write(
    write{[steps](library_writer& writer, operation_keeper& keeper) {
            return writer.run(*steps, keeper);
          },
          request.wait_for, answer_to(promise)});
}

void library_state::submit(log_changes request, receipt_promise promise) {
  auto list
    = std::make_shared<std::vector<record_change>>(std::move(request.list));
  auto run
    = [this, list](library_writer& writer,
                   operation_keeper& keeper) -> expected<operation_range> {
    if (list->size() > setup_.limits.group_limit)
      return fail(errc::too_large,
                  "One call logs at most "
                    + std::to_string(setup_.limits.group_limit)
                    + " changes; log larger ones as one bulk operation.");
    for (const auto& change : *list)
      if (store_->tables.by_model(change.model) != nullptr)
        return fail(errc::invalid_argument,
                    "The table of model \"" + change.model
                      + "\" is tracked: its rows enter the log by themselves;"
                        " commit the change instead.");
    return writer.run({list->begin(), list->end()}, keeper);
  };
  enqueue_write(
    write{std::move(run), receipt_state::sequenced, answer_to(promise), true});
}

void library_state::submit(resolve_conflict request, receipt_promise promise) {
  auto run = [this, request](library_writer& writer, operation_keeper& keeper) {
    return steps_to_resolve(*store_, request)
      .and_then([&](const std::vector<transaction_step>& steps) {
        return writer.run(steps, keeper);
      });
  };
  enqueue_write(
    write{std::move(run), receipt_state::local, answer_to(promise)});
}

void library_state::submit(
  sequence_operations request,
  caf::typed_response_promise<operations_sequenced> promise) {
  enqueue(job{[this, request, promise] {
    sequence(request, promise);
  }});
}

void library_state::submit(apply_entries request, head_promise promise) {
  enqueue(job{[this, request, promise] {
    apply(request, promise);
  }});
}

void library_state::submit(yield_log request, head_promise promise) {
  enqueue(job{[this, request, promise] {
    yield(request, promise);
  }});
}

void library_state::submit(
  read_set_aside request, caf::typed_response_promise<set_aside_list> promise) {
  enqueue(job{[this, request, answer = answer_to(promise)] {
    auto tried = request.again ? applier().retry() : expected<void>{};
    answer(tried.and_then([&] { return list_set_aside(*store_); }));
    schedule();
  }});
}

void library_state::submit(write_index_batch request,
                           caf::typed_response_promise<done> promise) {
  enqueue(job{[this, request, answer = answer_to(promise)] {
    auto written = write_location_index(*store_, request);
    answer(written.map([] { return done{}; }));
    schedule();
  }});
}

void library_state::submit(role_changed request) {
  enqueue(job{[this, request] {
    change_role(request.now);
  }});
}

void library_state::submit(close_library,
                           caf::typed_response_promise<done> promise) {
  closing_ = true;
  enqueue(job{[this, promise] {
    close(promise);
  }});
}

void library_state::enqueue(queued what) {
  queue_.push_back(std::move(what));
  schedule();
}

void library_state::enqueue_write(write what) {
  if (closing_)
    what.answer(fail(errc::closed, "The library is closing; open it anew."));
  else if (queue_.size() >= setup_.limits.queue_limit)
    what.answer(fail(errc::busy, "Too many writes wait for the disk; try again"
                                 " in a moment."));
  else
    enqueue(std::move(what));
}

void library_state::schedule() {
  if (turn_scheduled_ || queue_.empty() || self_ == nullptr)
    return;
  turn_scheduled_ = true;
  self_->send(library_actor{self_}, library_turn{});
}

void library_state::turn() {
  turn_scheduled_ = false;
  const auto log_end = std::exchange(log_end_, std::nullopt);
  if (std::exchange(behind_, false) && !detached_) {
    follow_log(nullptr);
    // Applying captures what other programs wrote meanwhile.
    tell_pending();
  }
  if (std::exchange(members_due_, false))
    send_members();
  if (office_due_ && !detached_ && !(self_->clock().now() < next_retry_)) {
    office_due_ = false;
    return change_role(announced_);
  }
  if (queue_.empty())
    return;
  if (auto* next = std::get_if<job>(&queue_.front())) {
    auto run = std::move(*next);
    queue_.pop_front();
    run();
    return;
  }
  std::vector<write> group;
  while (!queue_.empty() && group.size() < setup_.limits.group_limit) {
    auto* next = std::get_if<write>(&queue_.front());
    if (next == nullptr)
      break;
    group.push_back(std::move(*next));
    queue_.pop_front();
  }
  log_end_ = log_end;
  run_writes(std::move(group));
}

void library_state::close(caf::typed_response_promise<done> promise) {
  const failure why{errc::closed, "The library is closing; open it anew."};
  for (auto& [ticket, answer] : waiting_)
    answer(tl::make_unexpected(why));
  waiting_.clear();
  for (auto& left : queue_)
    if (auto* what = std::get_if<write>(&left))
      what->answer(tl::make_unexpected(why));
  queue_.clear();
  for (auto& table : std::exchange(waiting_tables_, {}))
    table.reply(tl::make_unexpected(why));
  neighbours_ = {};
  watch_end_.reset();
  store_.reset();
  promise.deliver(done{});
  self_->quit();
}

void library_state::meet(library_neighbours neighbours) {
  neighbours_ = std::move(neighbours);
  tell_clock();
  send_members();
  tell_pending();
}

std::uint32_t library_state::member_count() {
  if (!member_count_) {
    const auto list = store_->members();
    if (!list)
      return 1;
    member_count_ = static_cast<std::uint32_t>(
      std::ranges::count(*list, false, &member::removed));
  }
  return *member_count_;
}

void library_state::send_members() {
  member_count_.reset();
  auto list = known_members(*store_, setup_.joined_from);
  const auto at = newest_member_entry(*store_);
  if (!list || !at) {
    logger().error("library {}: cannot read the members: {}",
                   to_string(setup_.library),
                   (list ? at.error() : list.error()).message);
    members_due_ = true;
    // Somebody may have been removed: until that is known, nobody is heard.
    if (neighbours_.gateway)
      self_->send(neighbours_.gateway, set_library_members{setup_.library, {}});
    try_later();
    return;
  }
  is_removed_ = std::ranges::any_of(*list, [this](const member& one) {
    return one.removed && one.device == setup_.device;
  });
  set_library_members allowed{setup_.library, {}};
  for (const auto& what : *list)
    if (!what.removed)
      allowed.members.push_back(what.device);
  lacks_members_ = std::ranges::any_of(*list, &member::given_back);
  members_changed now{std::move(*list), std::nullopt};
  if (has_caught_up_)
    now.at = *at;
  if (neighbours_.replication)
    self_->send(neighbours_.replication, now);
  // Whoever has given back its log, or has not got it yet, has nothing to lead
  // with.
  now.is_of_older_copy = is_of_older_copy(*store_).value_or(false);
  if (first_sync_.under_way() || has_given_back_log(*store_).value_or(false))
    std::erase_if(now.members, [&](const member& one) {
      return one.device == setup_.device;
    });
  if (neighbours_.leadership)
    self_->send(neighbours_.leadership, now);
  if (neighbours_.gateway)
    self_->send(neighbours_.gateway, allowed);
  const auto described = described_members(*store_);
  // In fleets inside one process nobody is.
  const bool any
    = described
      && std::any_of(described->begin(), described->end(),
                     [](const auto& one) { return !one.certificate.empty(); });
  if (neighbours_.gateway && any)
    self_->send(neighbours_.gateway,
                introduce_members{setup_.library, *described});
}

bool library_state::leads() const {
  return leadership_.role == role::leader;
}

bool library_state::sequences() const {
  return leads() && !is_removed_;
}

failure library_state::not_leader() const {
  if (leadership_.leader.is_nil())
    return {errc::not_leader, "No device leads this library now; commit instead"
                              " of logging, or try again later."};
  return {errc::not_leader, "This device does not lead the library; device "
                              + to_string(leadership_.leader)
                              + " does, its lease ends at "
                              + to_string(leadership_.lease_end)
                              + ". Commit instead of logging."};
}

record_id library_state::make_record_id() {
  const auto wall = clock_.at(read_clocks());
  return record_id{
    make_uuid_v7(static_cast<std::uint64_t>(wall.time_since_epoch().count()),
                 random_(), random_())};
}

} // namespace lockstep
