#include "actors/library_state.hpp"
#include "actors/logging.hpp"

#include <memory>
#include <vector>

// What the library tells of entries: to who waits for them, and to who listens.
namespace lockstep {

void library_state::note_entry(const entry& what) {
  if (auto settled = settled_by(what, setup_.device))
    receipts_.settle(settled->device_sequence, settled->sequence, settled->lost,
                     what.transaction_end);
  if (what.device != setup_.device
      && !clock_.observe(what.timestamp, read_clocks()))
    logger().warn("library {}: the clock of device {} is far ahead",
                  to_string(setup_.library), to_string(what.device));
  if (what.model == member_model) {
    // A newcomer is not to lose its place while it fetches the log.
    self_->send(setup_.log, stop_vacuum{});
    send_members();
  } else if (what.model == conflict_model && what.change != change_type::remove)
    publish(conflict_recorded{what});
  else if (what.change == change_type::bulk)
    publish(bulk_operation_logged{what});
}

bool library_state::is_unhandled(const entry& what) const {
  return what.change != change_type::bulk
         && !what.model.starts_with(own_model_prefix)
         && store_->tables.by_model(what.model) == nullptr;
}

void library_state::publish_unhandled(const library_applier::chunk& list,
                                      bool is_piece) {
  std::vector<const entry*> unhandled;
  for (const auto& what : *list)
    if (is_unhandled(what))
      unhandled.push_back(&what);
  const auto count = unhandled.size();
  if (count == 0)
    return;
  if (!is_piece && count == list->size())
    return publish(entries_unhandled{count, list});
  auto some = std::make_shared<std::vector<entry>>();
  if (!is_piece)
    for (const auto* what : unhandled)
      some->push_back(*what);
  publish(entries_unhandled{count, std::move(some)});
}

void library_state::note_entries(const library_applier::chunk& list, bool own) {
  for (const auto& what : *list)
    note_entry(what);
  // What was given back may have its place by now.
  if (lacks_members_)
    send_members();
  if (!own)
    advance_first_sync(list);
  const auto first = list->front().sequence;
  const auto& last = list->back();
  const bool goes_on = last.sequence != last.transaction_end;
  // A transaction's pieces would pile up with whoever is slow to hear of them.
  const bool is_piece = std::exchange(amid_transaction_, goes_on) || goes_on;
  const auto told
    = is_piece ? std::make_shared<const std::vector<entry>>() : list;
  // Whoever waits for a commit goes first.
  send_answers();
  if (own)
    return publish(entries_committed{first, last.sequence, told});
  publish_unhandled(list, is_piece);
  publish(entries_applied{first, last.sequence, told});
}

void library_state::note_large(sequence_number after, sequence_number through) {
  for (auto cursor = after; cursor < through;) {
    auto list = store_->log.fetch_since(cursor, log_draft::piece_entries);
    if (!list || list->empty()) {
      logger().error("library {}: the log cannot be read: {}",
                     to_string(setup_.library),
                     list ? "it has ended" : list.error().message);
      break;
    }
    for (const auto& what : *list)
      note_entry(what);
    cursor = list->back().sequence;
  }
  publish(entries_committed{after + 1, through,
                            std::make_shared<const std::vector<entry>>()});
  send_answers();
}

void library_state::publish(event_body body) {
  self_->send(setup_.events, event{setup_.library, std::move(body)});
}

void library_state::send_answers() {
  for (auto& [ticket, what] : receipts_.take_answers()) {
    auto found = waiting_.find(ticket);
    if (found == waiting_.end())
      continue;
    auto answer = std::move(found->second);
    waiting_.erase(found);
    // A leader's commit has got its place since it was opened.
    if (auto now = receipts_.find(what.last))
      what = *now;
    // A follower's operation comes back from the leader: two hold it.
    if (what.state == receipt_state::sequenced && !leads())
      what.holders = std::max(what.holders, 2U);
    answer(what);
  }
}
} // namespace lockstep
