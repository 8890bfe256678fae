#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "persistence/row_import.hpp"

#include <algorithm>

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
  return library_sequencer{*store_, draft, [this] { return make_record_id(); },
                           [this] {
                             return now();
                           }};
}

library_applier library_state::applier() {
  return library_applier{*store_, [this] {
                           return now();
                         }};
}

void library_state::answer_all(std::vector<write>& list, const failure& why) {
  for (auto& what : list)
    what.answer(tl::make_unexpected(why));
  schedule();
}

void library_state::run_writes(std::vector<write> list) {
  if (leads()) {
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

expected<std::shared_ptr<log_draft>> library_state::open_draft() {
  auto head = store_->log.head();
  if (!head)
    return tl::make_unexpected(head.error());
  // New entries must not jump over some that are not in the tables yet.
  auto applied = applied_sequence();
  if (!applied)
    return tl::make_unexpected(applied.error());
  if (*applied < head->position.sequence)
    if (auto caught_up = catch_up(nullptr); !caught_up)
      return tl::make_unexpected(caught_up.error());
  if (auto begun = store_->begin(durability::with_log); !begun)
    return tl::make_unexpected(begun.error());
  return std::make_shared<log_draft>(leadership_.ballot, *head);
}

void library_state::refuse_to_lead(
  std::function<void(expected<receipt>)> answer) {
  if (!neighbours_.leadership)
    return answer(tl::make_unexpected(not_leader()));
  // The lease moves with each heartbeat; only the leadership actor knows it.
  self_->request(neighbours_.leadership, answer_patience, read_leader{})
    .then(
      [this, answer](const leadership_view& now) {
        if (!leads())
          leadership_.lease_end = now.lease_end;
        answer(tl::make_unexpected(not_leader()));
      },
      [this, answer](const caf::error&) {
        answer(tl::make_unexpected(not_leader()));
      });
}

expected<library_state::outcomes>
library_state::run_each(std::vector<write>& list, const keeper& keep) {
  auto hand = writer();
  if (auto taken = take_captured(hand, keep); !taken)
    return tl::make_unexpected(taken.error());
  auto results = std::make_shared<std::vector<outcome>>();
  for (auto& what : list) {
    outcome result;
    auto operations = what.run(hand);
    if (!operations) {
      result.why = operations.error();
    } else if (!operations->empty()) {
      if (auto kept = keep(*operations); !kept)
        return tl::make_unexpected(kept.error());
      result.first = operations->front().device_sequence;
      result.last = operations->back().device_sequence;
    }
    results->push_back(std::move(result));
  }
  return results;
}

void library_state::write_pending(std::vector<write> list) {
  if (auto begun = store_->begin(durability::by_itself); !begun)
    return answer_all(list, begun.error());
  auto results = run_each(list, [this](const std::vector<operation>& made) {
    return writer().keep_pending(made);
  });
  auto ended = results ? store_->commit()
                       : expected<void>{tl::make_unexpected(results.error())};
  if (!ended) {
    store_->rollback();
    return answer_all(list, ended.error());
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    (**results)[i].what = std::move(list[i]);
  tell_pending();
  finish(*results);
  send_answers();
  schedule();
}

void library_state::write_sequenced(std::vector<write> list) {
  auto draft = open_draft();
  if (!draft)
    return answer_all(list, draft.error());
  auto order = sequencer(**draft);
  auto ran = run_each(list, [&](const std::vector<operation>& made) {
    return order.add_own(made);
  });
  if (!ran) {
    store_->rollback();
    return answer_all(list, ran.error());
  }
  auto results = *ran;
  for (std::size_t i = 0; i < list.size(); ++i)
    (*results)[i].what = std::move(list[i]);
  append(*draft, [this, results](expected<log_head> appended) {
    if (!appended)
      for (auto& result : *results)
        if (result.why.code == errc::none)
          result.why = appended.error();
    finish(results);
    schedule();
  });
}

void library_state::finish(const outcomes& done) {
  for (auto& result : *done) {
    if (result.why.code != errc::none) {
      result.what.answer(tl::make_unexpected(result.why));
    } else if (!result.last) {
      receipt nothing_changed;
      nothing_changed.state = receipt_state::stable;
      nothing_changed.device = setup_.device;
      result.what.answer(nothing_changed);
    } else {
      const auto ticket = next_ticket_++;
      waiting_.emplace(ticket, std::move(result.what.answer));
      receipts_.open(result.first, result.last, result.what.wait_for, ticket);
    }
  }
}

void library_state::append(std::shared_ptr<log_draft> draft,
                           std::function<void(expected<log_head>)> next) {
  if (!store_->in_transaction())
    return next(fail(errc::constraint,
                     "A statement rolled the whole transaction back; nothing"
                     " was changed. Try again."));
  if (draft->empty()) {
    // The log does not bring it back: a new table, rows that are not tracked.
    auto committed_now = store_->commit().and_then([&] {
      return store_->flush();
    });
    if (!committed_now)
      store_->rollback();
    next(committed_now.map([&] { return draft->head(); }));
    return;
  }
  auto list = std::make_shared<const std::vector<entry>>(draft->entries());
  auto fail_with = [this, next](const failure& why) {
    store_->rollback();
    next(tl::make_unexpected(why));
  };
  self_
    ->request(setup_.log, caf::infinite,
              append_entries{leadership_.ballot, draft->follows(), list})
    .await(
      [this, draft, list, next](const log_head& head) {
        for (const auto& what : *list)
          store_->accepted.insert(what.device, what.device_sequence);
        auto ended = store_->attempt([&]() -> expected<void> {
          store_->set_applied(head.position.sequence);
          return store_->commit();
        });
        if (!ended) {
          // The log has it; the tables follow from there, before anything else
          // is written.
          store_->rollback();
          follow_log(list);
        }
        next(head);
        note_entries(list, true);
        if (neighbours_.replication)
          self_->send(neighbours_.replication,
                      log_advanced{draft->follows(), head, list});
      },
      [fail_with](const caf::error& why) { fail_with(to_failure(why)); });
}

expected<tracked_table> library_state::track(const track_table& request,
                                             library_writer& writer,
                                             std::vector<operation>& list) {
  return store_->attempt([&]() -> expected<tracked_table> {
    const bool known = store_->tables.by_table(request.table) != nullptr;
    auto begin_tracking = [&]() -> expected<const tracked_table_schema*> {
      savepoint all{*store_};
      auto schema
        = store_->tables.track(request.table, request.model, request.excluded);
      if (!schema || known)
        return schema;
      auto imported = import_rows(*store_, **schema, writer);
      if (!imported)
        return tl::make_unexpected(imported.error());
      list = std::move(*imported);
      all.release();
      return schema;
    };
    auto schema = begin_tracking();
    if (!schema) {
      store_->tables.load();
      return tl::make_unexpected(schema.error());
    }
    tracked_table answer{(*schema)->table, (*schema)->model, key_kind::uuid, 0};
    SQLite::Statement count{*store_->database, "SELECT count(*) FROM "
                                                 + sql_name((*schema)->table)};
    count.executeStep();
    answer.rows = static_cast<std::uint64_t>(count.getColumn(0).getInt64());
    return answer;
  });
}

} // namespace lockstep
