#pragma once

#include "messages/library_requests.hpp"
#include "persistence/library_applier.hpp"
#include "persistence/library_sequencer.hpp"
#include "persistence/library_store.hpp"
#include "persistence/library_writer.hpp"
#include "persistence/sync_log_store.hpp"
#include "tests/persistence/sync_log_entries.hpp"
#include "tests/support/temporary_directory.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lockstep {

/// The two files of a library on one device, and what its actors would do with
/// them. Throws std::runtime_error where a test has no business failing.
class library_device {
public:
  explicit library_device(std::uint8_t number);

  /// Closes both files and opens them again, as after a crash or a restart.
  void reopen();

  /// Where another program finds the tables.
  [[nodiscard]] std::filesystem::path database_file() const {
    return directory_ / "database.db";
  }

  /// SQL as another program on this device would run it.
  void elsewhere(const std::string& sql);

  /// Tracks a table, imports its rows; as the leader or as a follower.
  expected<void> track(const std::string& table,
                       const std::vector<std::string>& excluded = {});

  /// A transaction on a leader, sequenced, or on a follower, pending.
  expected<std::vector<operation>>
  write(const std::vector<transaction_step>& steps);
  expected<std::vector<operation>> write(const std::string& sql);

  /// On the leader: puts operations in order. On every device: takes what
  /// other programs wrote.
  expected<void> sequence(const std::vector<operation>& list);
  expected<void> capture();
  /// On the leader: what another proposes, which may be a piece.
  expected<void> propose(device_id from, const pending_batch& batch);

  /// Leads from now on, under this ballot: what is pending gets its place.
  expected<void> take_office(lockstep::ballot under);

  /// What a crash between the append and the commit leaves behind.
  void write_and_crash_before_commit(const std::string& sql);
  /// The same for what another program wrote.
  void capture_and_crash_before_commit();

  /// What a loss of power may leave behind: the tables as they are now, and the
  /// log as it is after `more`.
  void lose_from_tables(const std::function<void()>& more);

  /// A follower's log grows, and its tables with it.
  expected<void> receive(const std::vector<entry>& list);
  expected<void> catch_up();
  /// Everything that `other` has and this one has not.
  expected<void> follow(library_device& other);

  /// The end of what the logs of both have in common.
  sequence_number common_with(library_device& other);

  /// Own entries after `keep` become proposals again; `cut` ends the log where
  /// that says.
  expected<sequence_number> give_back(sequence_number keep);
  void cut(sequence_number keep);

  std::vector<operation> pending();
  std::vector<entry> entries();
  library_digest digest();

  /// One row a line, values as JSON.
  std::string rows(const std::string& sql);

  device_id id;
  bool leads = false;
  lockstep::ballot ballot = test_ballot(1);
  std::vector<library_applier::chunk> applied;
  std::unique_ptr<sync_log_store> log;
  std::unique_ptr<library_store> store;

private:
  expected<void> sequenced(
    const std::function<expected<void>(library_writer&, library_sequencer&)>&
      fill,
    bool crash = false);
  using work = std::function<expected<operation_range>(library_writer&,
                                                       operation_keeper&)>;
  expected<void> kept(const work& run);
  /// As the leader, or as a follower.
  expected<void> done_by(const work& run);
  timestamp now();
  record_id make_id();

  temporary_directory directory_{memory_folder()};
  std::uint64_t clock_ = 1'700'000'000'000;
  std::uint64_t ids_ = 0;
};

/// Tables that the tests use.
inline constexpr auto note_table
  = "CREATE TABLE note(uuid TEXT PRIMARY KEY NOT NULL, name TEXT UNIQUE,"
    " text TEXT)";

/// The UUID of a test record, and the SQL that makes its row.
std::string uuid(std::uint8_t number);
std::string insert_note(std::uint8_t number, const std::string& name,
                        const std::string& text = "");

} // namespace lockstep
