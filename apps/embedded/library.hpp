#pragma once

#include "messages/errors.hpp"
#include "messages/index.hpp"
#include "messages/library_report.hpp"
#include "messages/library_requests.hpp"
#include "messages/log_requests.hpp"
#include "messages/member_description.hpp"
#include "messages/replication_view.hpp"
#include "messages/syncable.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace lockstep {

class transaction;

/// The answer to come of a call; `get()` waits for it. Never wait on a thread
/// that runs actors or event callbacks.
template <class T> using answer = std::future<expected<T>>;

/// What is called with an answer, on a thread of Lockstep's: be quick, and do
/// not wait there.
template <class T> using answer_callback = std::function<void(expected<T>)>;

/// One open library, for programs that know nothing of CAF. Handles are cheap
/// to copy, may be used from any thread, and answer `errc::closed` once the
/// library or its node is closed.
class library {
public:
  [[nodiscard]] library_id id() const;
  [[nodiscard]] const std::string& name() const;
  /// The SQLite file with its tables.
  [[nodiscard]] const std::filesystem::path& database() const;

  /// Makes `T`'s table where it is not there and keeps it in step from now on;
  /// as `track`.
  template <syncable T> answer<tracked_table> use() {
    using traits = syncable_traits<T>;
    std::vector<std::string> local;
    for (const auto field : traits::excluded())
      local.emplace_back(field);
    return define(std::string{traits::create_table()},
                  track_table{std::string{traits::model},
                              std::string{traits::model}, std::move(local),
                              policy_for<T>});
  }

  /// Keeps a table of the library's database in step from now on. On a device
  /// that is new to the library, done and answered once its first sync is over
  /// (`first_sync_progress`). Errors: `not_found`, `invalid_argument` with the
  /// reason.
  answer<tracked_table> track(track_table what);

  /// Stops that on this device; the rows stay, and other devices go on.
  /// Errors: `not_found`; `constraint` while a tracked table's key refers to
  /// it.
  answer<untracked_table> untrack(std::string table);

  /// The application's tables: those that are tracked, that could be, and that
  /// cannot, with the reason.
  answer<table_list> tables();

  /// What lost against something else, in the log's order.
  answer<conflict_list> conflicts(bool resolved_too = false);

  /// Settles a conflict by an ordinary change, on any device. Errors:
  /// `not_found`; `constraint` where the loser does not fit any more.
  answer<receipt> resolve(record_id conflict, resolve_conflict::side take);

  /// What the log says and the tables here cannot show, with the reason;
  /// `again` tries first whether it fits by now.
  answer<set_aside_list> set_aside(bool again = false);

  /// Writes one record: on any device, at any time. An insert of a record that
  /// exists is refused with `already_exists`.
  template <syncable T>
  answer<receipt> commit(const T& value,
                         change_type change = change_type::update,
                         receipt_state wait_for = receipt_state::local) {
    return commit_changes({to_change(value, change)}, wait_for);
  }

  /// Writes several records in one transaction: all or none. An empty list, or
  /// one that names a record twice, is refused with `invalid_argument`.
  template <syncable T>
  answer<receipt> commit_batch(std::span<const T> values,
                               change_type change = change_type::update,
                               receipt_state wait_for = receipt_state::local) {
    auto changes = to_changes(values, change);
    if (!changes)
      return refuse(changes.error());
    return commit_changes(std::move(*changes), wait_for);
  }

  /// Tells all devices in one entry of something done to many rows that do not
  /// travel.
  answer<receipt> commit_bulk(const bulk_operation& what,
                              receipt_state wait_for = receipt_state::local);

  /// Several changes, of any models, and SQL statements: all or none.
  [[nodiscard]] lockstep::transaction transaction();

  answer<receipt> commit_changes(std::vector<record_change> list,
                                 receipt_state wait_for = receipt_state::local);
  answer<receipt> commit(commit_transaction what);
  void commit(commit_transaction what, answer_callback<receipt> callback);

  /// Low-level forms for hosts that keep the record elsewhere, for models
  /// without a table. Only on the leader, else `not_leader`. A batch holds up
  /// to 1,000 changes; more are one bulk operation.
  answer<receipt> log_change(record_change what);
  answer<receipt> log_batch(std::vector<record_change> list);
  answer<receipt> log_bulk(const bulk_operation& what);

  /// How far an earlier commit is now.
  answer<receipt> find_receipt(const receipt& what);

  /// Reading is `incomplete` until the first sync is over.
  /// `not_found` when there is no such record.
  template <syncable T> expected<T> load(record_id id) {
    return read(read_record{std::string{syncable_traits<T>::model}, id})
      .get()
      .and_then(from_record<T>);
  }

  /// All records of a model, in the order of their ids.
  template <syncable T> expected<std::vector<T>> load_all() {
    std::vector<T> list;
    read_records next{std::string{syncable_traits<T>::model}, {}, 1'000};
    for (;;) {
      auto page = read(next).get();
      if (!page)
        return tl::make_unexpected(page.error());
      for (const auto& image : page->list) {
        auto value = from_record<T>(image);
        if (!value)
          return tl::make_unexpected(value.error());
        list.push_back(std::move(*value));
      }
      if (page->list.size() < next.limit)
        return list;
      next.after = page->list.back().record;
    }
  }

  answer<record_image> read(read_record what);
  answer<record_list> read(read_records what);

  /// Reads rows of the library's database with one SELECT.
  answer<sql_rows> query(std::string sql,
                         std::vector<sql_value> parameters = {});

  /// Entries after `since`, 100 unless told, 1,000 at most.
  answer<std::vector<entry>>
  fetch_since(sequence_number since, std::optional<std::uint32_t> limit = {});
  answer<std::vector<entry>> fetch_range(sequence_number first,
                                         sequence_number last);
  answer<std::vector<entry>> history(std::string model, record_id record);
  answer<sequence_number> latest_sequence();
  answer<std::uint64_t> count();
  /// Removes superseded entries made before `before` that every member is known
  /// to hold; with `archive` they go to the library's archive first. Errors:
  /// `busy` while the log is being vacuumed.
  answer<vacuum_result> vacuum_old_entries(wall_time before,
                                           bool archive = false);

  answer<library_status> status();
  answer<library_digest> digest();
  /// Examines the files; writes wait meanwhile. Errors: `busy` where another
  /// program writes too much to tell.
  answer<library_report> check();

  [[nodiscard]] bool is_leader();
  /// Nil while no device leads.
  [[nodiscard]] device_id leader();
  [[nodiscard]] lockstep::role role();
  answer<leadership_view> request_leadership();
  answer<leadership_view> transfer_leadership(device_id to);

  /// Makes a device a member.
  answer<receipt> add_member(device_id device, std::string name);
  /// Ends a membership: nothing of the library reaches the device any more, and
  /// its own copy stays with it. Errors: `not_found` where it is no member.
  answer<receipt> remove_member(device_id device);
  /// Who took part and takes part, and how to reach them.
  answer<member_descriptions> members();
  /// How far this device and the others are.
  answer<replication_view> replication();

  /// Walks a folder into the table `entry` and tells the other devices in one
  /// entry. Errors: those of the folder, `cancelled`.
  answer<index_outcome> index(record_id location, std::string folder);
  answer<done> cancel_indexing(record_id location);

  /// True once nothing is pending here and the log holds `through` (none: what
  /// this device knows of now), applied; false when `patience` runs out.
  bool wait_until_synced(sequence_number through,
                         std::chrono::milliseconds patience);

private:
  friend class node;
  friend class transaction;
  struct parts;

  template <syncable T>
  static expected<T> from_record(const record_image& one) {
    auto value = from_image<T>(one.data);
    if (value)
      syncable_traits<T>::version(*value) = one.version;
    return value;
  }

  explicit library(std::shared_ptr<const parts> parts);
  answer<tracked_table> define(std::string create_table, track_table what);
  static answer<receipt> refuse(failure why);

  std::shared_ptr<const parts> parts_;
};

/// Collects what one transaction does; nothing happens before `commit`.
class transaction {
public:
  template <syncable T>
  transaction& put(const T& value, change_type change = change_type::update) {
    what_.steps.push_back(to_change(value, change));
    return *this;
  }
  template <syncable T> transaction& remove(const T& value) {
    return put(value, change_type::remove);
  }
  transaction& change(record_change what);
  transaction& execute(std::string sql, std::vector<sql_value> parameters = {});

  answer<receipt> commit(receipt_state wait_for = receipt_state::local);

private:
  friend class library;
  explicit transaction(library target) : target_(std::move(target)) {
  }

  library target_;
  commit_transaction what_;
};

} // namespace lockstep
