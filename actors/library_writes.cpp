#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "actors/shared_threads.hpp"
#include "persistence/entry_file.hpp"
#include "persistence/pending_keeper.hpp"

#include <algorithm>
#include <optional>

namespace lockstep {

namespace {

constexpr std::chrono::seconds answer_patience{5};

} // namespace

library_writer library_state::writer() {
  return library_writer{*store_, [this] {
                          return now();
                        }};
}

library_sequencer library_state::sequencer(log_draft& draft) {
  if (!conflicts_)
    conflicts_.emplace(*store_);
  return library_sequencer{*store_,
                           draft,
                           *conflicts_,
                           [this] { return make_record_id(); },
                           [this] { return now(); },
                           setup_.merges.get(),
                           {vacuum_.forget_through, kept_from()}};
}

library_applier library_state::applier() {
  return library_applier{*store_, [this] { return now(); },
                         [this](const renumbering& what) {
                           receipts_.renumber(what.first, what.by);
                         }};
}

void library_state::answer_all(std::vector<write>& list, const failure& why) {
  for (auto& what : list)
    what.answer(tl::make_unexpected(why));
  schedule();
}

void library_state::run_writes(std::vector<write> list) {
  if (sequences()) {
    write_sequenced(std::move(list));
    return;
  }
  std::vector<write> allowed;
  for (auto& what : list) {
    if (what.leader_only)
      refuse_to_lead(std::move(what.answer));
    else
      allowed.push_back(std::move(what));
  }
  if (allowed.empty())
    schedule();
  else
    write_pending(std::move(allowed));
}

expected<log_head> library_state::end_to_build_on() {
  if (log_end_)
    return *std::exchange(log_end_, std::nullopt);
  auto head = store_->log.head();
  if (!head)
    return head;
  // New entries must not jump over some that are not in the tables yet.
  auto applied = applied_sequence();
  if (!applied)
    return tl::make_unexpected(applied.error());
  if (*applied < head->position.sequence)
    if (auto caught_up = catch_up(nullptr); !caught_up)
      return tl::make_unexpected(caught_up.error());
  return head;
}

expected<std::shared_ptr<log_draft>> library_state::open_draft() {
  auto head = end_to_build_on();
  if (!head)
    return tl::make_unexpected(head.error());
  if (auto begun = store_->begin(durability::with_log); !begun)
    return tl::make_unexpected(begun.error());
  return std::make_shared<log_draft>(leadership_.ballot, *head,
                                     setup_.limits.transaction_memory,
                                     std::make_unique<entry_file>());
}

void library_state::ask_who_leads(
  std::function<void(const leadership_view*)> then) {
  if (!neighbours_.leadership)
    return then(nullptr);
  self_->request(neighbours_.leadership, answer_patience, read_leader{})
    .then([then](const leadership_view& now) { then(&now); },
          [then](const caf::error&) { then(nullptr); });
}

void library_state::refuse_to_lead(
  std::function<void(expected<receipt>)> answer) {
  ask_who_leads([this, answer](const leadership_view* now) {
    if (now != nullptr && !leads())
      leadership_.lease_end = now->lease_end;
    answer(tl::make_unexpected(not_leader()));
  });
}

library_state::outcomes library_state::run_each(std::vector<write>& list,
                                                operation_keeper& keeper) {
  auto hand = writer();
  // Where the transaction has ended, each write says so itself.
  static_cast<void>(take_captured(hand, keeper));
  auto results = std::make_shared<std::vector<outcome>>();
  for (auto& what : list) {
    outcome result;
    if (auto made = what.run(hand, keeper))
      result.made = *made;
    else
      result.why = made.error();
    result.what = std::move(what);
    results->push_back(std::move(result));
  }
  return results;
}

void library_state::write_pending(std::vector<write> list) {
  if (auto begun = store_->begin(durability::by_itself); !begun)
    return answer_all(list, begun.error());
  pending_keeper keeper{*store_};
  const auto results = run_each(list, keeper);
  if (auto ended = store_->commit(); !ended) {
    store_->rollback();
    fail_all(*results, ended.error());
  }
  tell_pending();
  finish(results);
  send_answers();
  schedule();
}

void library_state::fail_all(std::vector<outcome>& list, const failure& why) {
  for (auto& result : list)
    if (result.why.code == errc::none)
      result.why = why;
}

void library_state::write_sequenced(std::vector<write> list) {
  auto draft = open_draft();
  if (!draft)
    return answer_all(list, draft.error());
  auto order = sequencer(**draft);
  const auto results = run_each(list, order);
  append(*draft, [this, results](expected<log_head> appended) {
    if (!appended)
      fail_all(*results, appended.error());
    finish(results);
    schedule();
  });
}

void library_state::finish(const outcomes& done) {
  for (auto& result : *done) {
    if (result.why.code != errc::none) {
      result.what.answer(tl::make_unexpected(result.why));
    } else if (!result.made.last) {
      receipt nothing_changed;
      nothing_changed.state = receipt_state::stable;
      nothing_changed.device = setup_.device;
      result.what.answer(nothing_changed);
    } else {
      const auto ticket = next_ticket_++;
      waiting_.emplace(ticket, std::move(result.what.answer));
      receipts_.open(result.made.first, result.made.last, result.what.wait_for,
                     ticket);
    }
  }
}

void library_state::append(std::shared_ptr<log_draft> draft,
                           std::function<void(expected<log_head>)> next) {
  if (!store_->in_transaction()) {
    store_->rollback();
    return next(fail(errc::constraint,
                     "A statement rolled the whole transaction back; nothing"
                     " was changed. Try again."));
  }
  if (draft->empty()) {
    // The log does not bring it back: a new table, rows that are not tracked.
    auto committed_now
      = store_->commit().and_then([&] { return store_->flush(); });
    if (!committed_now)
      store_->rollback();
    next(committed_now.map([&] { return draft->start(); }));
    return;
  }
  auto on_disk = [this, draft, next](const log_head& head) {
    auto ended = finish_append(*draft, head);
    std::optional<handing_over> now;
    if (draft->is_one_piece())
      now.emplace();
    next(ended.map([&] { return head; }));
    tell_appended(*draft, head);
  };
  auto failed = [this, next](const caf::error& why) {
    store_->rollback();
    next(tl::make_unexpected(to_failure(why)));
  };
  const handing_over now;
  if (draft->is_one_piece())
    self_
      ->request(setup_.log, caf::infinite,
                append_entries{leadership_.ballot, draft->follows(),
                               draft->only_piece()})
      .await(on_disk, failed);
  else
    self_
      ->request(setup_.log, caf::infinite,
                append_draft{leadership_.ballot, draft->follows(), draft})
      .await(on_disk, failed);
}

expected<void> library_state::finish_append(log_draft& draft,
                                            const log_head& head) {
  const bool beside_log = store_->beside_log;
  auto ended = store_->attempt([&]() -> expected<void> {
    if (draft.is_one_piece())
      for (const auto& what : *draft.only_piece())
        store_->accepted.insert(what.device, what.device_sequence);
    else if (auto loaded = store_->load_accepted(); !loaded)
      return loaded;
    store_->set_applied(head.position.sequence);
    return store_->commit();
  });
  if (!ended) {
    // The log has it; the tables follow from there, before anything else is
    // written.
    store_->rollback();
    follow_log(nullptr);
  } else {
    log_end_ = head;
    if (beside_log)
      ended = store_->flush();
  }
  return beside_log ? ended : expected<void>{};
}

void library_state::tell_appended(log_draft& draft, const log_head& head) {
  log_advanced news{draft.follows(), head, nullptr};
  if (draft.is_one_piece()) {
    news.list = draft.only_piece();
    note_entries(news.list, true);
  } else {
    note_large(draft.follows().sequence, head.position.sequence);
  }
  if (neighbours_.replication)
    self_->send(neighbours_.replication, news);
}

} // namespace lockstep
