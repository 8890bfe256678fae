#include "tests/simulation/sabotage.hpp"

#include "actors/message_types.hpp"
#include "messages/log_requests.hpp"
#include "persistence/sync_log_store.hpp"
#include "tests/simulation/message_content.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <caf/send.hpp>

#include <utility>

namespace lockstep::simulation {

void sabotage::before_start(device& which) {
  which.disk->forgets_flushes = what_ == flaw::flush;
  const auto log = world_.log_of(which);
  const auto database = world_.database_of(which);
  if (!which.shared_once)
    return;
  switch (what_) {
    case flaw::vote:
      return forget_leadership(which);
    case flaw::exactly_once:
      edit(which, log,
           "DELETE FROM accepted; UPDATE log_state SET counted_through ="
           " (SELECT coalesce(max(sequence), 0) FROM sync_log)");
      return;
    case flaw::watermark: {
      calm_disk calm{*which.disk};
      if (auto opened = sync_log_store::open(log))
        if (auto end = opened->latest_sequence())
          edit(which, database,
               "UPDATE lockstep_state SET applied_sequence = " + to_string(*end)
                 + " WHERE applied_sequence < " + to_string(*end));
      return;
    }
    case flaw::notes:
      edit(which, database, "DELETE FROM lockstep_touched");
      return;
    default:
      return;
  }
}

void sabotage::before_step(device& which, caf::mailbox_element& next) {
  if (what_ == flaw::fencing)
    hide_newer(which, next);
  if (what_ == flaw::vote)
    watch_leadership(which, next);
  if (what_ == flaw::members)
    let_all_in(next);
  if (what_ == flaw::conflicts)
    forget_conflict(which, next);
  if (what_ == flaw::majority)
    count_itself(which, next);
  // What it gave back is pending by now, and its log is about to be cut.
  if (what_ == flaw::rebase && content_of<truncate_after>(next) != nullptr)
    edit(which, world_.database_of(which),
         "DELETE FROM lockstep_pending WHERE id = (SELECT min(id) FROM"
         " lockstep_pending) AND id < 1");
}

void sabotage::watch_leadership(device& which, caf::mailbox_element& next) {
  if (const auto* stored = content_of<store_leadership>(next)) {
    const auto before = std::exchange(stored_[which.number], stored->record);
    if (stored->record.vote.device == which.id
        && before.vote != stored->record.vote)
      before_claiming_[which.number] = before;
  }
  // The worst moment: it gave back what it sequenced under its own ballot, and
  // has nothing of the newer leader's yet.
  if (content_of<truncate_after>(next) != nullptr
      && before_claiming_.contains(which.number)
      && stored_[which.number].current.device != which.id)
    forgets_.insert(which.number);
  else if (content_of<append_entries>(next) != nullptr
           && forgets_.contains(which.number))
    which.disk->cut_power_after(1, unflushed::lost);
}

void sabotage::forget_leadership(device& which) {
  if (forgets_.erase(which.number) == 0)
    return;
  const auto before = before_claiming_.extract(which.number);
  calm_disk calm{*which.disk};
  auto opened = sync_log_store::open(world_.log_of(which));
  if (opened && opened->store_leadership(before.mapped()))
    ++times;
}

void sabotage::hide_newer(device& which, caf::mailbox_element& next) {
  if (const auto* role = content_of<role_changed>(next))
    views_[which.number] = role->now;
  auto* said = content_of<from_peer>(next);
  const auto& view = views_[which.number];
  if (said == nullptr || view.role != role::leader)
    return;
  if (auto* beat = std::get_if<heartbeat>(&said->message);
      beat != nullptr && view.ballot < beat->ballot) {
    beat->ballot = {};
    ++times;
  }
  if (auto* answer = std::get_if<heartbeat_ack>(&said->message);
      answer != nullptr && view.ballot < answer->ballot) {
    answer->ballot = view.ballot;
    ++times;
  }
}

void sabotage::count_itself(device& which, caf::mailbox_element& next) {
  if (const auto* role = content_of<role_changed>(next))
    views_[which.number] = role->now;
  const auto* grown = content_of<log_advanced>(next);
  if (grown == nullptr || !which.shared.library
      || views_[which.number].role != role::leader)
    return;
  caf::anon_send(which.shared.library,
                 majority_advanced{grown->head.position.sequence});
  ++times;
}

/// Resolves what nobody has looked at.
void sabotage::forget_conflict(device& which, caf::mailbox_element& next) {
  const auto* append = content_of<append_entries>(next);
  if (append == nullptr || !which.shared.library)
    return;
  constexpr std::uint64_t every = 4;
  for (const auto& what : *append->list)
    if (what.model == conflict_model && what.change != change_type::remove
        && what.sequence.value % every == 0) {
      world_.request<receipt>(
        which.shared.library,
        resolve_conflict{what.record, resolve_conflict::side::winner});
      ++times;
    }
}

void sabotage::let_all_in(caf::mailbox_element& next) {
  auto* attached = content_of<attach_library>(next);
  auto* changed = content_of<set_library_members>(next);
  if (attached == nullptr && changed == nullptr)
    return;
  auto& members = attached != nullptr ? attached->members : changed->members;
  members.clear();
  for (const auto& one : world_.devices)
    members.push_back(one.id);
  ++times;
}

int sabotage::edit(device& which, const std::filesystem::path& file,
                   const std::string& sql) {
  calm_disk calm{*which.disk};
  try {
    SQLite::Database database{file.string(), SQLite::OPEN_READWRITE};
    const auto changed = database.exec(sql);
    times += static_cast<std::uint64_t>(changed);
    return changed;
  } catch (const SQLite::Exception& problem) {
    world_.say("sabotage of " + which.name + ": " + problem.what());
    return 0;
  }
}

} // namespace lockstep::simulation
