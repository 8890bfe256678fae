#include "persistence/library_check.hpp"

#include "messages/json_value.hpp"
#include "persistence/damaged_file.hpp"
#include "persistence/library_schema.hpp"
#include "persistence/own_schema.hpp"
#include "persistence/sqlite_file.hpp"
#include "protocol/accepted_set.hpp"
#include "protocol/chain.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <utility>

namespace lockstep {

namespace {

constexpr std::size_t shown_most = 100;
constexpr std::uint32_t page = 1'000;
constexpr std::size_t page_bytes = std::size_t{16} << 20;

class examination {
public:
  explicit examination(library_store& store) : store_(store) {
  }

  expected<library_report> run();
  expected<tables_difference> find_difference();

private:
  void complain(std::string sentence) {
    ++report_.count;
    if (report_.problems.size() < shown_most)
      report_.problems.push_back(std::move(sentence));
  }

  /// Of tables, or what is known beside them, that are not what the log says.
  void differ(std::string sentence) {
    if (difference_.empty())
      difference_ = sentence;
    complain(std::move(sentence));
  }

  /// Those that may be there only because a program writes right now.
  void complain_of_row(std::string sentence) {
    about_tables_ = true;
    differ(std::move(sentence));
  }
  void complain_of_table(std::string sentence) {
    about_tables_ = true;
    complain(std::move(sentence));
  }

  /// Says which files are not what stands under their names any more.
  bool lacks_files();
  void check_files();
  expected<void> walk();
  expected<void> take(const entry& what);
  void check_order(const entry& what);
  expected<void> check_previous(const entry& what);
  void check_record(const entry& what);
  void check_newest_entries();
  void check_row(const tracked_table_schema& schema, const entry& what);
  /// Sentences about rows of which the log knows nothing.
  std::vector<std::string> unknown_rows();
  bool is_set_aside(sequence_number at);
  bool somebody_writes();

  library_store& store_;
  library_report report_;
  bool about_tables_ = false;
  std::string difference_;
  bool tables_only_ = false;
  log_head before_;
  sequence_number transaction_end_;
  sequence_number vacuumed_;
  sequence_number applied_;
  accepted_set seen_;
  /// Live records whose newest entry the log holds where it is known to be.
  std::uint64_t newest_found_ = 0;
  /// By table: records that the log says are there.
  std::map<std::string, std::int64_t> live_;
};

std::string named(const entry& what) {
  return "Entry " + to_string(what.sequence) + " (" + what.model + " "
         + to_string(what.record) + ")";
}

/// Whether rows wait to be captured.
bool examination::somebody_writes() {
  auto row = store_.statements.use("SELECT 1 FROM lockstep_touched LIMIT 1");
  return row->executeStep();
}

bool examination::lacks_files() {
  const auto log = store_.log.gone();
  const bool database = file_is_gone(*store_.database);
  if (log)
    complain(log->message);
  if (database)
    complain(gone_file(store_.file).message);
  return log || database;
}

void examination::check_files() {
  for (const auto* schema : store_.tables.all())
    if (!schema->present)
      complain(complaint_of_gone(*schema));
  SQLite::Statement rows{*store_.database, "PRAGMA integrity_check"};
  constraint_complaints no_damage{library_migrations()};
  while (rows.executeStep())
    if (const auto said = rows.getColumn(0).getString(); said != "ok")
      complain((no_damage.contain(said)
                  ? "A row breaks a constraint of its table, which is no"
                    " damage: "
                  : "The database is damaged: ")
               + said + ".");
  if (const auto said
      = own_schema_complaint(*store_.database, library_migrations());
      !said.empty())
    complain("The database is damaged: " + said + ".");
  SQLite::Statement keys{*store_.database, "PRAGMA foreign_key_check"};
  while (keys.executeStep())
    complain("A row of table \"" + keys.getColumn(0).getString()
             + "\" refers to no row of \"" + keys.getColumn(2).getString()
             + "\".");
}

void examination::check_order(const entry& what) {
  const bool follows
    = what.sequence.value == before_.position.sequence.value + 1;
  if (what.sequence <= before_.position.sequence)
    complain(named(what) + " stands after a later one.");
  else if (!follows && vacuumed_ + 1 < what.sequence)
    complain("Before " + named(what) + " entries are missing.");
  if (follows && what.chain != chain_of(before_.chain, what))
    complain(named(what) + " is not as it was written: the chain breaks.");
  if (what.ballot < before_.position.ballot)
    complain(named(what) + " has an older ballot than the one before it.");
  if (!seen_.insert(what.device, what.device_sequence))
    complain(named(what) + " is an operation that the log holds twice.");
  if (what.transaction_end < what.sequence
      || (follows && transaction_end_ > before_.position.sequence
          && what.transaction_end != transaction_end_))
    complain(named(what) + " has another transaction's end.");
  transaction_end_ = what.transaction_end;
}

expected<void> examination::check_previous(const entry& what) {
  if (!what.previous)
    return {};
  const auto found = store_.log.at(what.previous);
  if (!found)
    return tl::make_unexpected(found.error());
  if (!*found) {
    if (vacuumed_ < what.previous)
      complain(named(what) + " follows an entry that is missing.");
    return {};
  }
  const auto& earlier = **found;
  if (earlier.model != what.model || earlier.record != what.record
      || earlier.sequence >= what.sequence)
    complain(named(what) + " follows an entry of another record.");
  else if (!(earlier.version < what.version))
    complain(named(what) + " does not raise its record's version.");
  return {};
}

bool examination::is_set_aside(sequence_number at) {
  auto row = store_.statements.use(
    "SELECT 1 FROM lockstep_set_aside WHERE sequence = ?");
  row->bind(1, static_cast<std::int64_t>(at.value));
  return row->executeStep();
}

void examination::check_row(const tracked_table_schema& schema,
                            const entry& what) {
  // What is pending is not in the log yet, and counted later.
  if (!schema.present || store_.pending.has(what.model, what.record))
    return;
  const bool lives = what.change != change_type::remove;
  const auto row = store_.rows.read(schema, what.record);
  if (row)
    ++live_[schema.table];
  if (is_set_aside(what.sequence))
    return;
  if (lives && !row)
    complain_of_row(named(what) + " has no row in table \"" + schema.table
                    + "\".");
  else if (!lives && row)
    complain_of_row(named(what) + " was deleted and has a row in table \""
                    + schema.table + "\".");
  else if (lives
           && !agree(*row, nlohmann::json::parse(what.data, nullptr, false)))
    complain_of_row(named(what) + " is not what its row in table \""
                    + schema.table + "\" says.");
}

void examination::check_record(const entry& what) {
  if (applied_ < what.sequence)
    return;
  const auto state = store_.index.find(what.model, what.record);
  // Where whoever led had forgotten that, nothing need be known of it.
  if (!state.version && what.change == change_type::remove)
    return;
  if (state.latest < what.sequence)
    return differ(named(what) + " is newer than what is known of its record.");
  if (what.sequence < state.latest)
    return;
  if (state.version != what.version
      || state.deleted != (what.change == change_type::remove))
    differ(named(what) + " is not what is known of its record.");
  if (!state.deleted)
    ++newest_found_;
  if (const auto* schema = store_.tables.by_model(what.model))
    check_row(*schema, what);
}

/// A record whose newest entry is sought elsewhere has none that was compared.
void examination::check_newest_entries() {
  if (const auto known = store_.index.count(); known != newest_found_)
    differ("Records whose newest entry is not where it is known to be: "
           + std::to_string(known - newest_found_) + ".");
}

expected<void> examination::take(const entry& what) {
  if (!tables_only_)
    check_order(what);
  before_ = {what.position(), what.chain};
  check_record(what);
  return tables_only_ ? expected<void>{} : check_previous(what);
}

expected<void> examination::walk() {
  const auto vacuumed = store_.log.vacuumed_through();
  if (!vacuumed)
    return tl::make_unexpected(vacuumed.error());
  vacuumed_ = *vacuumed;
  applied_ = store_.applied();
  for (;;) {
    const auto list
      = store_.log.fetch_since(before_.position.sequence, page, page_bytes);
    if (!list)
      return tl::make_unexpected(list.error());
    if (list->empty())
      break;
    for (const auto& what : *list)
      if (auto looked = take(what); !looked)
        return looked;
  }
  const auto head = store_.log.head();
  if (!head)
    return tl::make_unexpected(head.error());
  if (*head != before_)
    complain("The log does not end where it says that it ends.");
  check_newest_entries();
  return {};
}

/// They are there in more than one way: written while no trigger looked, or
/// pending.
std::vector<std::string> examination::unknown_rows() {
  std::vector<std::string> list;
  for (const auto* schema : store_.tables.all()) {
    if (!schema->present)
      continue;
    SQLite::Statement count{*store_.database,
                            "SELECT count(*) FROM " + sql_name(schema->table)};
    count.executeStep();
    auto rows = count.getColumn(0).getInt64() - live_[schema->table];
    auto pending = store_.statements.use(
      "SELECT DISTINCT record_id FROM lockstep_pending WHERE model = ?");
    pending->bind(1, schema->model);
    while (pending->executeStep()) {
      if (store_.rows.read(*schema, read_id<record_id>(pending->getColumn(0))))
        --rows;
    }
    if (rows != 0)
      list.push_back("Table \"" + schema->table + "\" has "
                     + std::to_string(rows)
                     + " rows that the log does not know.");
  }
  return list;
}

expected<library_report> examination::run() {
  // All of the tables as they are at one moment.
  SQLite::Transaction snapshot{*store_.database};
  if (lacks_files())
    return std::move(report_);
  check_files();
  const auto damaged = store_.log.damage();
  if (!damaged)
    return tl::make_unexpected(damaged.error());
  for (const auto& one : *damaged)
    complain("The log is damaged: " + one + ".");
  if (auto walked = walk(); !walked) {
    if (walked.error().code != errc::corrupt)
      return tl::make_unexpected(walked.error());
    // The digests say nothing then.
    complain("The log cannot be read to its end: " + walked.error().message);
    return std::move(report_);
  }
  for (auto& sentence : unknown_rows())
    complain_of_table(std::move(sentence));
  if (about_tables_ && somebody_writes())
    return fail(errc::busy, "Another program writes to the library's database;"
                            " check it again in a moment.");
  auto digest = store_.digest();
  if (!digest)
    return tl::make_unexpected(digest.error());
  report_.digest = std::move(*digest);
  return std::move(report_);
}

expected<tables_difference> examination::find_difference() {
  tables_only_ = true;
  return walk().map([&] {
    return tables_difference{std::move(difference_), unknown_rows()};
  });
}

} // namespace

expected<library_report> check_library(library_store& store) {
  return store.attempt([&] { return examination{store}.run(); });
}

expected<tables_difference> find_difference(library_store& store) {
  return store.attempt([&] { return examination{store}.find_difference(); });
}

} // namespace lockstep
