#include "apps/embedded/library.hpp"

#include "apps/embedded/parts.hpp"
#include "apps/embedded/record_ids.hpp"

#include <algorithm>
#include <thread>

namespace lockstep {

namespace {

template <class T> std::pair<answer<T>, answer_callback<T>> make_answer() {
  auto promise = std::make_shared<std::promise<expected<T>>>();
  return {promise->get_future(), [promise](expected<T> value) {
            promise->set_value(std::move(value));
          }};
}

record_change to_change(const bulk_operation& what) {
  return {std::string{bulk_model}, make_record_id(), change_type::bulk,
          to_image(what)};
}

/// The list alone, out of the log's answer.
answer_callback<entry_list>
only_list(answer_callback<std::vector<entry>> callback) {
  return [callback](expected<entry_list> found) {
    callback(
      std::move(found).map([](entry_list all) { return std::move(all.list); }));
  };
}

} // namespace

library::library(std::shared_ptr<const parts> parts)
  : parts_(std::move(parts)) {
}

library_id library::id() const {
  return parts_->id;
}

const std::string& library::name() const {
  return parts_->name;
}

const std::filesystem::path& library::database() const {
  return parts_->database;
}

answer<receipt> library::refuse(failure why) {
  auto [future, callback] = make_answer<receipt>();
  callback(tl::make_unexpected(std::move(why)));
  return std::move(future);
}

answer<tracked_table> library::track(track_table what) {
  return ask<tracked_table, library_actor>(*parts_->system, parts_->library,
                                           std::move(what));
}

answer<untracked_table> library::untrack(std::string table) {
  return ask<untracked_table, library_actor>(*parts_->system, parts_->library,
                                             untrack_table{std::move(table)});
}

answer<table_list> library::tables() {
  return ask<table_list, library_actor>(*parts_->system, parts_->library,
                                        read_tables{});
}

answer<conflict_list> library::conflicts(bool resolved_too) {
  return ask<conflict_list, library_actor>(*parts_->system, parts_->library,
                                           read_conflicts{resolved_too});
}

answer<receipt> library::resolve(record_id conflict,
                                 resolve_conflict::side take) {
  return ask<receipt, library_actor>(*parts_->system, parts_->library,
                                     resolve_conflict{conflict, take});
}

answer<set_aside_list> library::set_aside(bool again) {
  return ask<set_aside_list, library_actor>(*parts_->system, parts_->library,
                                            read_set_aside{again});
}

answer<tracked_table> library::define(std::string create_table,
                                      track_table what) {
  auto [future, callback] = make_answer<tracked_table>();
  commit({{sql_statement{std::move(create_table), {}}}, receipt_state::local},
         [parts = parts_, what, callback = callback](expected<receipt> made) {
           if (!made)
             callback(tl::make_unexpected(made.error()));
           else
             ask<tracked_table, library_actor>(*parts->system, parts->library,
                                               what, callback);
         });
  return std::move(future);
}

answer<receipt> library::commit(commit_transaction what) {
  return ask<receipt, library_actor>(*parts_->system, parts_->library,
                                     std::move(what));
}

void library::commit(commit_transaction what,
                     answer_callback<receipt> callback) {
  ask<receipt, library_actor>(*parts_->system, parts_->library, std::move(what),
                              std::move(callback));
}

answer<receipt> library::commit_changes(std::vector<record_change> list,
                                        receipt_state wait_for) {
  return commit(commit_transaction{{list.begin(), list.end()}, wait_for});
}

answer<receipt> library::commit_bulk(const bulk_operation& what,
                                     receipt_state wait_for) {
  return commit_changes({to_change(what)}, wait_for);
}

transaction library::transaction() {
  return lockstep::transaction{*this};
}

answer<receipt> library::log_change(record_change what) {
  return log_batch({std::move(what)});
}

answer<receipt> library::log_batch(std::vector<record_change> list) {
  return ask<receipt, library_actor>(*parts_->system, parts_->library,
                                     log_changes{std::move(list)});
}

answer<receipt> library::log_bulk(const bulk_operation& what) {
  return log_change(to_change(what));
}

answer<receipt> library::find_receipt(const receipt& what) {
  return ask<receipt, library_actor>(*parts_->system, parts_->library,
                                     receipt_query{what.first, what.last});
}

answer<record_image> library::read(read_record what) {
  return ask<record_image, library_actor>(*parts_->system, parts_->library,
                                          std::move(what));
}

answer<record_list> library::read(read_records what) {
  return ask<record_list, library_actor>(*parts_->system, parts_->library,
                                         std::move(what));
}

answer<sql_rows> library::query(std::string sql,
                                std::vector<sql_value> parameters) {
  return ask<sql_rows, library_actor>(
    *parts_->system, parts_->library,
    sql_query{{std::move(sql), std::move(parameters)}});
}

answer<std::vector<entry>>
library::fetch_since(sequence_number since,
                     std::optional<std::uint32_t> limit) {
  auto [future, callback] = make_answer<std::vector<entry>>();
  ask<entry_list, sync_log_actor>(*parts_->system, parts_->log,
                                  lockstep::fetch_since{since, limit},
                                  only_list(callback));
  return std::move(future);
}

answer<std::vector<entry>> library::fetch_range(sequence_number first,
                                                sequence_number last) {
  auto [future, callback] = make_answer<std::vector<entry>>();
  ask<entry_list, sync_log_actor>(*parts_->system, parts_->log,
                                  lockstep::fetch_range{first, last},
                                  only_list(callback));
  return std::move(future);
}

answer<std::vector<entry>> library::history(std::string model,
                                            record_id record) {
  auto [future, callback] = make_answer<std::vector<entry>>();
  ask<entry_list, sync_log_actor>(*parts_->system, parts_->log,
                                  record_history{std::move(model), record, {}},
                                  only_list(callback));
  return std::move(future);
}

answer<sequence_number> library::latest_sequence() {
  return ask<sequence_number, sync_log_actor>(*parts_->system, parts_->log,
                                              lockstep::latest_sequence{});
}

answer<std::uint64_t> library::count() {
  return ask<std::uint64_t, sync_log_actor>(*parts_->system, parts_->log,
                                            count_entries{});
}

answer<vacuum_result> library::vacuum_old_entries(wall_time before,
                                                  bool archive) {
  const auto unix_ms = before.time_since_epoch().count();
  const auto at = timestamp::from(
    static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms, 0)), 0);
  return ask<vacuum_result, library_actor>(*parts_->system, parts_->library,
                                           vacuum_library{at, archive});
}

answer<library_status> library::status() {
  return ask<library_status, library_actor>(*parts_->system, parts_->library,
                                            read_status{});
}

answer<library_report> library::check() {
  return ask<library_report, library_actor>(*parts_->system, parts_->library,
                                            check_library{});
}

answer<library_digest> library::digest() {
  return ask<library_digest, library_actor>(*parts_->system, parts_->library,
                                            read_digest{});
}

answer<leadership_view> library::request_leadership() {
  return ask<leadership_view, leadership_actor>(
    *parts_->system, parts_->leadership, lockstep::request_leadership{});
}

answer<leadership_view> library::transfer_leadership(device_id to) {
  return ask<leadership_view, leadership_actor>(
    *parts_->system, parts_->leadership, lockstep::transfer_leadership{to});
}

namespace {

leadership_view view_of(caf::actor_system& system,
                        const caf::actor_addr& leadership) {
  return ask<leadership_view, leadership_actor>(system, leadership,
                                                read_leader{})
    .get()
    .value_or(leadership_view{});
}

} // namespace

bool library::is_leader() {
  return role() == lockstep::role::leader;
}

device_id library::leader() {
  return view_of(*parts_->system, parts_->leadership).leader;
}

role library::role() {
  return view_of(*parts_->system, parts_->leadership).role;
}

answer<receipt> library::add_member(device_id device, std::string name) {
  return ask<receipt, library_actor>(
    *parts_->system, parts_->library,
    change_member{{device, std::move(name), false}});
}

answer<receipt> library::remove_member(device_id device) {
  auto [future, callback] = make_answer<receipt>();
  const auto parts = parts_;
  ask<members_changed, library_actor>(
    *parts->system, parts->library, read_members{},
    answer_callback<members_changed>{[parts, device, callback = callback](
                                       const expected<members_changed>& known) {
      if (!known)
        return callback(tl::make_unexpected(known.error()));
      const auto& list = known->members;
      const auto found
        = std::find_if(list.begin(), list.end(), [&](const member& one) {
            return one.device == device && !one.removed;
          });
      if (found == list.end())
        return callback(
          fail(errc::not_found, "Device " + to_string(device)
                                  + " is no member of \"" + parts->name
                                  + "\"; lockstep members shows all."));
      ask<receipt, library_actor>(*parts->system, parts->library,
                                  change_member{{device, found->name, true}},
                                  callback);
    }});
  return std::move(future);
}

answer<member_descriptions> library::members() {
  return ask<member_descriptions, library_actor>(
    *parts_->system, parts_->library, read_member_descriptions{});
}

answer<replication_view> library::replication() {
  return ask<replication_view, replication_actor>(
    *parts_->system, parts_->replication, read_replication{});
}

answer<index_outcome> library::index(record_id location, std::string folder) {
  auto [future, callback] = make_answer<index_outcome>();
  auto announce = [parts = parts_, location, folder,
                   callback = callback](expected<index_outcome> outcome) {
    if (!outcome)
      return callback(std::move(outcome));
    bulk_operation what;
    what.location = location;
    what.path = folder;
    what.count = outcome->files + outcome->directories;
    commit_transaction tell{{to_change(what)}, receipt_state::local};
    ask<receipt, library_actor>(
      *parts->system, parts->library, tell,
      answer_callback<receipt>{[callback, outcome](expected<receipt> told) {
        if (told)
          callback(outcome);
        else
          callback(tl::make_unexpected(told.error()));
      }});
  };
  ask<index_outcome, indexer_actor>(
    *parts_->system, parts_->indexer, index_location{location, folder},
    answer_callback<index_outcome>{std::move(announce)});
  return std::move(future);
}

answer<done> library::cancel_indexing(record_id location) {
  return ask<done, indexer_actor>(*parts_->system, parts_->indexer,
                                  lockstep::cancel_indexing{location});
}

bool library::wait_until_synced(sequence_number through,
                                std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto now = status().get();
    if (now && now->pending == 0 && now->applied == now->head.position.sequence
        && !(now->applied < through))
      return true;
    if (std::chrono::steady_clock::now() >= end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

transaction& transaction::change(record_change what) {
  what_.steps.emplace_back(std::move(what));
  return *this;
}

transaction& transaction::execute(std::string sql,
                                  std::vector<sql_value> parameters) {
  what_.steps.emplace_back(
    sql_statement{std::move(sql), std::move(parameters)});
  return *this;
}

answer<receipt> transaction::commit(receipt_state wait_for) {
  what_.wait_for = wait_for;
  return target_.commit(what_);
}

} // namespace lockstep
