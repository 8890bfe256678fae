#include "actors/errors.hpp"
#include "actors/library_state.hpp"
#include "persistence/row_import.hpp"

#include <algorithm>

namespace lockstep {

namespace {

constexpr std::chrono::seconds answer_patience{5};

} // namespace

library_writer library_state::writer() {
  return library_writer{*store_, [this] { return now(); }};
}

library_sequencer library_state::sequencer(log_draft& draft) {
  return library_sequencer{*store_, draft, [this] { return make_record_id(); },
                           [this] { return now(); }};
}

library_applier library_state::applier() {
  return library_applier{*store_, [this] { return now(); }};
}

expected<void> library_state::add_captured(library_sequencer& order) {
  auto foreign = writer().captured();
  return foreign ? order.add_own(*foreign) : expected<void>{};
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
  if (allowed.empty()) {
    schedule();
    return;
  }
  auto done = write_pending(std::move(allowed));
  if (done) {
    finish(*done);
    send_answers();
  }
  schedule();
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
library_state::write_pending(std::vector<write> list) {
  auto refuse = [&](const failure& why) {
    answer_all(list, why);
    return tl::make_unexpected(why);
  };
  if (auto begun = store_->begin(durability::by_itself); !begun)
    return refuse(begun.error());
  auto results = std::make_shared<std::vector<outcome>>();
  auto run_all = [&]() -> expected<void> {
    auto hand = writer();
    if (auto foreign = hand.captured(); foreign)
      if (auto kept = hand.keep_pending(*foreign); !kept)
        return kept;
    for (auto& what : list) {
      outcome result;
      auto operations = what.run(hand);
      if (!operations) {
        result.why = operations.error();
      } else if (!operations->empty()) {
        if (auto kept = hand.keep_pending(*operations); !kept)
          return kept;
        result.first = operations->front().device_sequence;
        result.last = operations->back().device_sequence;
      }
      results->push_back(std::move(result));
    }
    return store_->commit();
  };
  if (auto ran = run_all(); !ran) {
    store_->rollback();
    return refuse(ran.error());
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    (*results)[i].what = std::move(list[i]);
  const auto last = store_->pending.last(setup_.device);
  if (last && neighbours_.replication)
    self_->send(neighbours_.replication, pending_advanced{last});
  return results;
}

void library_state::write_sequenced(std::vector<write> list) {
  if (auto begun = store_->begin(durability::with_log); !begun)
    return answer_all(list, begun.error());
  auto head = store_->log.head();
  if (!head) {
    store_->rollback();
    return answer_all(list, head.error());
  }
  auto draft = std::make_shared<log_draft>(leadership_.ballot, *head);
  auto results = std::make_shared<std::vector<outcome>>();
  auto run_all = [&]() -> expected<void> {
    auto hand = writer();
    auto order = sequencer(*draft);
    if (auto foreign = hand.captured(); foreign)
      if (auto added = order.add_own(*foreign); !added)
        return added;
    for (auto& what : list) {
      outcome result;
      auto operations = what.run(hand);
      if (!operations) {
        result.why = operations.error();
      } else if (!operations->empty()) {
        if (auto added = order.add_own(*operations); !added)
          return added;
        result.first = operations->front().device_sequence;
        result.last = operations->back().device_sequence;
      }
      results->push_back(std::move(result));
    }
    return {};
  };
  if (auto ran = run_all(); !ran) {
    store_->rollback();
    return answer_all(list, ran.error());
  }
  for (std::size_t i = 0; i < list.size(); ++i)
    (*results)[i].what = std::move(list[i]);
  append(draft, [this, results](expected<log_head> appended) {
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
  if (draft->empty()) {
    auto committed_now = store_->commit();
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
          // The log has it; the tables follow from there.
          store_->rollback();
          catch_up(list);
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
    auto schema
      = store_->tables.track(request.table, request.model, request.excluded);
    if (!schema)
      return tl::make_unexpected(schema.error());
    tracked_table answer{(*schema)->table, (*schema)->model, 0};
    if (!known) {
      savepoint all{*store_};
      auto imported = import_rows(*store_, **schema, writer);
      if (!imported) {
        store_->tables.load();
        return tl::make_unexpected(imported.error());
      }
      list = std::move(*imported);
      all.release();
    }
    SQLite::Statement count{*store_->database,
                            "SELECT count(*) FROM "
                              + sql_name((*schema)->table)};
    count.executeStep();
    answer.rows = static_cast<std::uint64_t>(count.getColumn(0).getInt64());
    return answer;
  });
}

} // namespace lockstep
