#include "tests/crash/log_checks.hpp"

#include "protocol/chain.hpp"
#include "protocol/conflict.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace lockstep {

namespace {

constexpr std::string_view counter_model = "counter";

using operation_id = std::pair<device_id, device_sequence_number>;

/// 0 stands for a record that is not there.
std::int64_t value_in(const std::string& image) {
  const auto read = from_image<counter>(image);
  return read ? read->value : 0;
}

std::int64_t value_of(const entry& what) {
  return what.change == change_type::remove ? 0 : value_in(what.data);
}

/// The tables as the log says.
class replay {
public:
  void add(const entry& what) {
    if (what.model != counter_model)
      return;
    values_[what.record] = value_of(what);
    touched_.insert(record_group::of(what.record));
  }

  void end_transaction(sequence_number at) {
    for (const auto& group : touched_)
      for (std::uint8_t i = 1; i < group.size; ++i)
        EXPECT_EQ(values_[group.at(i)], values_[group.at(0)])
          << "torn at " << to_string(at) << ": " << to_string(group.at(i));
    touched_.clear();
  }

  std::map<record_id, std::int64_t> shown() {
    std::erase_if(values_, [](const auto& one) { return one.second == 0; });
    return values_;
  }

private:
  std::map<record_id, std::int64_t> values_;
  std::set<record_group> touched_;
};

/// What an entry did: its own operation, or the one that it keeps as a loser.
struct outcome {
  const entry* at = nullptr;
  record_id record;
  std::int64_t value = 0;
  bool lost = false;
};

outcome outcome_of(const entry& what) {
  if (what.model == conflict_model)
    if (auto loser = loser_of(what.data);
        loser && loser->device == what.device
        && loser->device_sequence == what.device_sequence)
      return {&what, loser->record,
              loser->change == change_type::remove ? 0 : value_in(loser->data),
              true};
  return {&what, what.record, value_of(what), false};
}

void check_own_order(const std::vector<entry>& log) {
  std::map<std::pair<device_id, record_id>, device_sequence_number> newest;
  for (const auto& what : log) {
    if (what.model != counter_model
        || record_group::of(what.record).is_shared())
      continue;
    auto& before = newest[{what.device, what.record}];
    EXPECT_LT(before, what.device_sequence)
      << "at " << to_string(what.sequence) << ", record "
      << to_string(what.record);
    before = what.device_sequence;
  }
}

void check_integrity(const std::filesystem::path& file) {
  try {
    SQLite::Database database{file.string(), SQLite::OPEN_READONLY};
    SQLite::Statement whole{database, "PRAGMA integrity_check"};
    ASSERT_TRUE(whole.executeStep());
    EXPECT_EQ(whole.getColumn(0).getString(), "ok") << file;
    SQLite::Statement broken{database, "PRAGMA foreign_key_check"};
    EXPECT_FALSE(broken.executeStep()) << file;
  } catch (const SQLite::Exception& why) {
    ADD_FAILURE() << file << ": " << why.what();
  }
}

} // namespace

std::vector<entry> read_log(library& from) {
  std::vector<entry> log;
  for (;;) {
    auto more
      = from
          .fetch_since(log.empty() ? sequence_number{} : log.back().sequence,
                       1'000)
          .get();
    if (!more) {
      ADD_FAILURE() << more.error().message;
      return log;
    }
    if (more->empty())
      return log;
    log.insert(log.end(), std::make_move_iterator(more->begin()),
               std::make_move_iterator(more->end()));
  }
}

void check_log(const std::vector<entry>& log, bool may_forget) {
  std::set<operation_id> seen;
  std::map<std::pair<std::string, record_id>, const entry*> newest;
  replay tables;
  sequence_number end;
  const entry* before = nullptr;
  for (const auto& what : log) {
    SCOPED_TRACE("entry " + to_string(what.sequence));
    const auto follows = before ? *before : entry{};
    ASSERT_EQ(what.sequence, follows.sequence + 1);
    ASSERT_EQ(what.chain, chain_of(follows.chain, what));
    ASSERT_LE(follows.ballot, what.ballot);
    EXPECT_TRUE(seen.emplace(what.device, what.device_sequence).second)
      << "operation " << to_string(what.device_sequence) << " of "
      << to_string(what.device) << " a second time";
    auto& last = newest[{what.model, what.record}];
    if (may_forget && last && last->change == change_type::remove
        && !what.previous)
      last = nullptr;
    EXPECT_EQ(what.version, last ? last->version + 1 : version_number{1});
    EXPECT_EQ(what.previous, last ? last->sequence : sequence_number{});
    last = &what;
    if (end < what.sequence)
      end = what.transaction_end;
    ASSERT_EQ(what.transaction_end, end);
    ASSERT_LE(what.sequence, end);
    tables.add(what);
    if (what.sequence == end)
      tables.end_transaction(end);
    before = &what;
  }
  EXPECT_EQ(log.size(), end.value) << "The log ends within a transaction.";
}

void check_acknowledged(const std::vector<entry>& log,
                        const std::vector<acknowledged>& list) {
  std::map<operation_id, outcome> found;
  for (const auto& what : log)
    found.emplace(operation_id{what.device, what.device_sequence},
                  outcome_of(what));
  for (const auto& what : list) {
    std::size_t times = 0;
    sequence_number end;
    for (auto at = what.first; at <= what.last; ++at) {
      const auto made = found.find({what.device, at});
      ASSERT_NE(made, found.end())
        << "lost: operation " << to_string(at) << " of "
        << to_string(what.device) << ", acknowledged: " << to_line(what);
      const auto& outcome = made->second;
      if (!end)
        end = outcome.at->transaction_end;
      EXPECT_EQ(outcome.at->transaction_end, end) << to_line(what);
      if (outcome.record != what.record)
        continue;
      ++times;
      EXPECT_EQ(outcome.value, what.value) << to_line(what);
      EXPECT_TRUE(!outcome.lost || record_group::of(what.record).is_shared())
        << "displaced by nobody: " << to_line(what);
    }
    EXPECT_EQ(times, 1U) << to_line(what);
  }
  check_own_order(log);
}

void check_table(library& of, const std::vector<entry>& log) {
  replay tables;
  for (const auto& what : log)
    tables.add(what);
  std::map<record_id, std::int64_t> shown;
  const auto rows = of.query("SELECT uuid, value FROM counter").get();
  ASSERT_TRUE(rows) << rows.error().message;
  for (const auto& row : rows->rows)
    shown[*parse_id<record_id>(std::get<std::string>(row[0]))]
      = std::get<std::int64_t>(row[1]);
  EXPECT_EQ(shown, tables.shown());
}

void check_files(const std::filesystem::path& directory) {
  for (const auto& folder :
       std::filesystem::directory_iterator{directory / "libraries"}) {
    check_integrity(folder.path() / "database.db");
    check_integrity(folder.path() / "sync.db");
  }
}

} // namespace lockstep
