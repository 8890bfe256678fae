#include "actors/library_state.hpp"
#include "actors/logging.hpp"
#include "actors/node_state.hpp"
#include "actors/shared_threads.hpp"
#include "persistence/first_sync_mark.hpp"
#include "persistence/forgotten_numbers.hpp"
#include "persistence/library_members.hpp"
#include "persistence/older_copy.hpp"

#include <caf/send.hpp>

#include <algorithm>

// How a library's actors come to life.
namespace lockstep {

namespace {

/// Whether what the log said is on its way to be here again.
bool fetches_anew(library_store& store) {
  return store
    .attempt([&]() -> expected<bool> { return store.is_fetching_anew(); })
    .value_or(false);
}

/// Whether the log lacks this device and nobody else will name it: it made the
/// library, or the log names nobody any more, all of which was lost.
expected<bool> lacks_itself(library_store& store,
                            const library_description& what) {
  if (fetches_anew(store))
    return false;
  const bool made_it
    = what.created_by == store.own && what.joined_from.is_nil();
  return store.members().map([&](const std::vector<member>& list) {
    return made_it
             ? std::ranges::find(list, store.own, &member::device) == list.end()
             : list.empty();
  });
}

/// As in `members_changed`: after a crash the tables may be behind the log.
expected<std::optional<sequence_number>>
members_said_at(library_store& store, sequence_number log_end) {
  return newest_member_entry(store).and_then([&](sequence_number at) {
    return store.attempt([&]() -> expected<std::optional<sequence_number>> {
      if (store.applied() < log_end)
        return std::nullopt;
      return at;
    });
  });
}

/// See to it that no number is given a second time where files are new.
expected<void> recover_numbers(library_store& store, bool joined,
                               timestamp now) {
  return may_lack_numbers(store, joined).and_then([&](bool lacks) {
    return lacks ? forget_numbers(store, now) : expected<void>{};
  });
}

/// Says where files were put back from an older copy.
expected<void> look_at_files(library_store& store, sync_log_store& log,
                             const library_folder& folder,
                             const environment& env, timestamp now) {
  const file_births births{env.birth(folder.sync_log_file()),
                           env.birth(folder.database_file())};
  return recognise_older_copy(store, log, births, now).map([&](put_back what) {
    if (what != put_back::nothing)
      logger().warn("library {}: {} a copy that was put in its place; what is"
                    " newer comes from the other members",
                    to_string(folder.description.id),
                    what == put_back::log ? "sync.db is" : "the database is");
  });
}

/// Whether the log is still coming for the first time; noted where it begins.
expected<bool> is_new_here(library_store& store, const library_description& of,
                           const log_head& head) {
  const bool begins = !of.joined_from.is_nil() && !head.position.sequence;
  if (begins)
    if (auto marked = begin_first_sync(store); !marked)
      return tl::make_unexpected(marked.error());
  return is_in_first_sync(store);
}

} // namespace

expected<std::optional<member_description>>
node_state::own_entry(const node_setup& setup, library_store& store,
                      bool unnamed) {
  const member_description own{{setup.identity.id, setup.identity.name, false},
                               setup.certificate,
                               setup.addresses};
  if (unnamed)
    return own;
  std::optional<member_description> nothing;
  // A device that only does not listen now can be reached there later.
  if (setup.addresses.empty() || fetches_anew(store))
    return nothing;
  return described_members(store).map(
    [&](const std::vector<member_description>& members) {
      const auto said = std::find_if(
        members.begin(), members.end(), [&](const member_description& one) {
          return one.member.device == own.member.device;
        });
      // Whoever was removed does not come back by itself.
      return said == members.end() || said->member.removed || *said == own
               ? nothing
               : std::optional{own};
    });
}

expected<leadership_record>
node_state::recover_leadership(sync_log_store& log,
                               const library_folder& folder, bool is_new) {
  auto record = log.leadership();
  // What a creator without its log needs is the others'.
  if (!record || record->current.term || is_new
      || !folder.description.joined_from.is_nil()
      || folder.description.created_by != setup_.identity.id)
    return record;
  // A repaired log may have promised more than the first ballot.
  record->current
    = {term_number{record->vote.term.value + 1}, setup_.identity.id};
  record->vote = record->current;
  record->leader = setup_.identity.id;
  record->lease_end = setup_.env.wall(self_->clock().now())
                      + std::chrono::duration_cast<std::chrono::milliseconds>(
                        setup_.limits.leadership.lease);
  if (auto stored = log.store_leadership(*record); !stored)
    return tl::make_unexpected(stored.error());
  return record;
}

expected<library_handles>
node_state::spawn_library(const library_folder& folder) {
  const auto& what = folder.description;
  auto log = sync_log_store::open(folder.sync_log_file(), setup_.limits.log);
  if (!log)
    return tl::make_unexpected(log.error());
  auto head = log->head();
  if (!head)
    return tl::make_unexpected(head.error());
  auto store
    = library_store::open(folder.database_file(), folder.sync_log_file(),
                          setup_.identity.id, setup_.limits.library);
  if (!store)
    return tl::make_unexpected(store.error());
  if (auto noted
      = recover_numbers(**store, !what.joined_from.is_nil(), wall_timestamp());
      !noted)
    return tl::make_unexpected(noted.error());
  if (auto looked
      = look_at_files(**store, *log, folder, setup_.env, wall_timestamp());
      !looked)
    return tl::make_unexpected(looked.error());
  const auto is_new = is_new_here(**store, what, *head);
  if (!is_new)
    return tl::make_unexpected(is_new.error());
  auto record = recover_leadership(*log, folder, *is_new);
  if (!record)
    return tl::make_unexpected(record.error());
  auto unnamed = *is_new ? expected<bool>{false} : lacks_itself(**store, what);
  if (!unnamed)
    return tl::make_unexpected(unnamed.error());
  auto members = known_members(**store, what.joined_from);
  if (!members)
    return tl::make_unexpected(members.error());
  const auto members_at = members_said_at(**store, head->position.sequence);
  if (!members_at)
    return tl::make_unexpected(members_at.error());
  const auto progress = log->progress();
  if (!progress)
    return tl::make_unexpected(progress.error());
  const auto own = own_entry(setup_, **store, *unnamed);
  if (!own)
    return tl::make_unexpected(own.error());

  const auto is_of_older = is_of_older_copy(**store);
  if (!is_of_older)
    return tl::make_unexpected(is_of_older.error());
  const bool is_fetching_anew = fetches_anew(**store);
  const auto claimed = claimed_before(**store);
  library_handles made;
  made.id = what.id;
  made.name = what.name;
  made.created_by = what.created_by;
  made.database = folder.database_file();
  const auto& env = setup_.env;
  // A commit goes from one to the other and back.
  if (!threads_)
    threads_ = std::make_shared<shared_threads>(self_->system());
  made.log = spawn_sharing(
    *self_, env, threads_, shared_threads::manner::hands_over, sync_log,
    std::make_shared<sync_log_store>(std::move(*log)), setup_.limits.log);
  made.library = spawn_sharing(
    *self_, env, threads_, shared_threads::manner::goes_on, run_library,
    library_setup{what.id, what.name, setup_.identity.id, what.joined_from,
                  setup_.limits.library, env,
                  std::shared_ptr<library_store>{std::move(*store)}, made.log,
                  setup_.events, setup_.merges,
                  setup_.limits.leadership.consistency, setup_.limits.vacuum});
  made.leadership = self_->spawn(
    leadership,
    leadership_setup{what.id, setup_.identity.id, setup_.limits.leadership,
                     *record, env, made.log, setup_.events, *members,
                     head->position, *members_at, *is_of_older, claimed});
  made.replication = self_->spawn(
    replication,
    replication_setup{
      what.id, setup_.identity.id, setup_.identity.name,
      setup_.limits.replication, env, made.library, made.log, made.leadership,
      *members, *head, *members_at, setup_.limits.leadership.consistency,
      *is_new, setup_.limits.member.stale_after, *progress, is_fetching_anew});
  made.indexer
    = spawn_blocking(*self_, env, indexer, setup_.events, what.id,
                     index_sink_actor{made.library}, setup_.limits.index);
  auto follower = self_->spawn(
    bulk_follower, bulk_follower_setup{setup_.identity.id, made.indexer,
                                       setup_.matching_folder});
  self_->send(setup_.events, subscribe{follower, what.id, is_bulk_operation});
  // Who takes part, the library says once it has caught up with its log: what
  // the tables know of it may be older, after a crash.
  self_->send(gateway_,
              attach_library{what.id, made.leadership, made.replication, {}});
  self_->send(made.library,
              library_neighbours{made.replication, made.leadership, gateway_});
  if (*own)
    caf::anon_send(made.library, describe_member{**own});
  self_->send(made.leadership, watch_role{made.library});
  auto& actors = open_[what.id];
  actors.handles = made;
  actors.follower = follower;
  return made;
}

} // namespace lockstep
