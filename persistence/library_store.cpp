#include "persistence/library_store.hpp"

#include "persistence/image.hpp"
#include "persistence/library_members.hpp"
#include "persistence/library_schema.hpp"
#include "persistence/sqlite_file.hpp"
#include "persistence/statement_authorizer.hpp"

#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace lockstep {

namespace {

/// What follows the first statement of a text is one, too.
bool has_second_statement(sqlite3* database, const std::string& text) {
  if (text.find(';') == std::string::npos)
    return false;
  const char* rest = text.c_str();
  for (int found = 0; *rest != '\0';) {
    sqlite3_stmt* statement = nullptr;
    const auto result
      = sqlite3_prepare_v2(database, rest, -1, &statement, &rest);
    // What cannot be understood before the first one has run is one, too.
    found += statement != nullptr || result != SQLITE_OK ? 1 : 0;
    sqlite3_finalize(statement);
    if (found > 1 || result != SQLITE_OK)
      return found > 1;
  }
  return false;
}

/// "wal" or "delete", as the file's header says (SQLite's file format, 1.3.3);
/// "delete" for a file that is still to be made, as other programs make it.
std::string journal_mode_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::array<char, 19> header{};
  in.read(header.data(), header.size());
  return in.gcount() == header.size() && header[18] == 2 ? "wal" : "delete";
}

void keep_journal_mode(SQLite::Database& database, const std::string& before) {
  // An UPDATE waits until nobody else writes, also where it changes nothing.
  if (!database.execAndGet("SELECT journal_before FROM lockstep_state")
         .getString()
         .empty())
    return;
  SQLite::Statement row{database,
                        "UPDATE lockstep_state SET journal_before = ? WHERE"
                        " journal_before = ''"};
  row.bind(1, before);
  row.exec();
}

/// Notes how the file was before it gets its write-ahead log: after a crash in
/// between, nobody would know.
expected<void> note_journal_mode(const std::filesystem::path& path) {
  try {
    SQLite::Database database{
      path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 5'000};
    if (auto done = migrate(database, path, library_migrations()); !done)
      return done;
    keep_journal_mode(database, "delete");
    return {};
  } catch (const SQLite::Exception& problem) {
    return tl::make_unexpected(sqlite_failure(problem, path));
  }
}

/// Whether SQLite can be given the file at all; open_sqlite says what is wrong
/// where it cannot.
bool is_file_or_nothing(const std::filesystem::path& path) {
  std::error_code problem;
  const auto size = std::filesystem::file_size(path, problem);
  return problem ? !std::filesystem::exists(path, problem) : size != 1;
}

} // namespace

failure current_failure(const std::filesystem::path& file) {
  try {
    throw;
  } catch (const SQLite::Exception& what) {
    return sqlite_failure(what, file);
  } catch (const nlohmann::json::exception& what) {
    return {errc::invalid_argument,
            std::string{"An image is not valid JSON: "} + what.what()};
  } catch (const std::invalid_argument& what) {
    return {errc::invalid_argument, what.what()};
  } catch (const missing_reference& what) {
    return {errc::constraint, what.what()};
  } catch (const std::range_error& what) {
    return {errc::constraint, what.what()};
  } catch (const std::exception& what) {
    return {errc::internal, what.what()};
  }
}

library_store::library_store(std::filesystem::path path, device_id device,
                             library_settings bounds,
                             std::unique_ptr<SQLite::Database> opened,
                             sync_log_reader reader)
  : file(std::move(path)), own(device), limits(bounds),
    database(std::move(opened)), statements(*database), tables(*database),
    index(statements, tables), pending(statements, "lockstep_pending"),
    proposed(statements, "lockstep_proposed"), keys(statements, tables),
    rows(*database, statements, keys),
    changes(statements, tables, index, pending, keys, rows,
            [this](sequence_number at) -> std::optional<std::string> {
              auto found = entry_at(at);
              if (!found || !*found)
                return std::nullopt;
              return std::move((*found)->data);
            }),
    reach(*this), log(std::move(reader)) {
}

expected<std::unique_ptr<library_store>>
library_store::open(const std::filesystem::path& path,
                    const std::filesystem::path& sync_log, device_id own,
                    library_settings limits, bool may_be_short) {
  if (is_file_or_nothing(path) && journal_mode_of(path) == "delete")
    if (auto noted = note_journal_mode(path); !noted)
      return tl::make_unexpected(noted.error());
  auto database = open_sqlite(path, open_mode::create, library_migrations());
  if (!database)
    return tl::make_unexpected(database.error());
  if (auto done = migrate(**database, path, library_migrations()); !done)
    return tl::make_unexpected(done.error());
  auto log = sync_log_reader::open(sync_log);
  if (!log)
    return tl::make_unexpected(log.error());
  std::unique_ptr<library_store> store{new library_store(
    path, own, limits, std::move(*database), std::move(*log))};
  if (auto accepted = store->load_accepted(); !accepted)
    return tl::make_unexpected(accepted.error());
  auto* raw = store.get();
  auto ready = raw->attempt([&]() -> expected<void> {
    keep_journal_mode(*raw->database, "wal");
    // A row is looked up in several tables, here and there.
    raw->database->exec("PRAGMA cache_size=-32000");
    // 8 MB: pages that change again and again go into the file once.
    raw->database->exec("PRAGMA wal_autocheckpoint=2000");
    raw->tables.load();
    raw->numbers_above_ = device_sequence_number{static_cast<std::uint64_t>(
      raw->database->execAndGet("SELECT numbers_above FROM lockstep_state")
        .getInt64())};
    auto end = raw->log.latest_sequence();
    if (!end)
      return tl::make_unexpected(end.error());
    if (!may_be_short && *end < raw->applied())
      return fail(errc::corrupt, "sync.db ends at entry " + to_string(*end)
                                   + ", but " + path.string()
                                   + " holds everything up to entry "
                                   + to_string(raw->applied()) + ".");
    sqlite3_set_authorizer(raw->database->getHandle(), authorize_statement,
                           raw);
    return {};
  });
  if (!ready)
    return tl::make_unexpected(ready.error());
  return store;
}

void library_store::set_applying(bool on) {
  expect_transaction();
  if (on == applying_)
    return;
  auto state = statements.use("UPDATE lockstep_state SET applying = ?");
  state->bind(1, on ? 1 : 0);
  state->exec();
  applying_ = on;
}

bool library_store::in_transaction() const {
  return sqlite3_get_autocommit(database->getHandle()) == 0;
}

void library_store::expect_transaction() const {
  if (!in_transaction())
    throw std::logic_error{"The transaction on " + file.string()
                           + " ended before its time."};
}

bool library_store::breaks_foreign_key() const {
  int unresolved = 0;
  int ignored = 0;
  sqlite3_db_status(database->getHandle(), SQLITE_DBSTATUS_DEFERRED_FKS,
                    &unresolved, &ignored, 0);
  return unresolved != 0;
}

sequence_number library_store::applied() {
  auto row = statements.use("SELECT applied_sequence FROM lockstep_state");
  row->executeStep();
  return sequence_number{
    static_cast<std::uint64_t>(row->getColumn(0).getInt64())};
}

void library_store::set_applied(sequence_number through) {
  expect_transaction();
  auto state = statements.use("UPDATE lockstep_state SET applied_sequence = ?");
  state->bind(1, static_cast<std::int64_t>(through.value));
  state->exec();
}

bool library_store::is_fetching_anew() {
  auto row = statements.use("SELECT fetching_anew FROM lockstep_state");
  row->executeStep();
  return row->getColumn(0).getInt() != 0;
}

void library_store::set_fetching_anew(bool on) {
  expect_transaction();
  // An older copy stays one, also where it gives back all that it has.
  auto state = statements.use("UPDATE lockstep_state SET fetching_anew ="
                              " iif(?, fetching_anew | 1, 0)");
  state->bind(1, on ? 1 : 0);
  state->exec();
}

device_sequence_number library_store::next_device_sequence() {
  return std::max({accepted.last(own), pending.last(own), numbers_above_}) + 1;
}

void library_store::set_numbers_above(device_sequence_number last) {
  expect_transaction();
  auto state = statements.use("UPDATE lockstep_state SET numbers_above = ?");
  state->bind(1, static_cast<std::int64_t>(last.value));
  state->exec();
  numbers_above_ = last;
}

expected<void> library_store::load_accepted() {
  auto ranges = log.accepted();
  if (!ranges)
    return tl::make_unexpected(ranges.error());
  accepted = accepted_set{*ranges};
  return {};
}

expected<std::optional<entry>> library_store::entry_at(sequence_number at) {
  if (draft_ != nullptr)
    if (auto found = draft_->find(at))
      return found;
  return log.at(at);
}

void library_store::set_triggers(bool on) {
  allowed_ = on ? access::own_with_triggers : access::own;
  rows.set_triggers(on);
}

void library_store::allow_triggers(bool on) {
  sqlite3_db_config(database->getHandle(), SQLITE_DBCONFIG_ENABLE_TRIGGER,
                    on ? 1 : 0, nullptr);
}

expected<std::vector<member>> library_store::members() {
  return described_members(*this).map(
    [](const std::vector<member_description>& described) {
      std::vector<member> list;
      for (const auto& one : described)
        list.push_back(one.member);
      return list;
    });
}

expected<std::unique_ptr<SQLite::Statement>>
library_store::prepare(const sql_statement& statement, access allowed) {
  allowed_ = allowed;
  std::unique_ptr<SQLite::Statement> made;
  try {
    made = std::make_unique<SQLite::Statement>(*database, statement.text);
  } catch (const SQLite::Exception& what) {
    allowed_ = access::own;
    if (what.getErrorCode() != SQLITE_AUTH)
      return tl::make_unexpected(sqlite_failure(what, file));
    return fail(errc::invalid_argument,
                allowed == access::host_reads
                  ? "A query only reads; write through a transaction."
                  : "A statement may not begin or end transactions, attach"
                    " files, change settings or write Lockstep's own tables.");
  }
  const bool more = has_second_statement(database->getHandle(), statement.text);
  allowed_ = access::own;
  if (more)
    return fail(errc::invalid_argument,
                "The text holds more than one statement; give each a step of"
                " its own.");
  const auto places = static_cast<std::size_t>(made->getBindParameterCount());
  if (places != statement.parameters.size())
    return fail(errc::invalid_argument,
                "The statement has " + std::to_string(places)
                  + " places for parameters and "
                  + std::to_string(statement.parameters.size())
                  + " were given; give one for each.");
  for (std::size_t i = 0; i < statement.parameters.size(); ++i)
    bind_value(*made, static_cast<int>(i) + 1, statement.parameters[i]);
  return made;
}

expected<sql_rows> library_store::query(const sql_statement& statement) {
  return attempt([&]() -> expected<sql_rows> {
    auto prepared_now = prepare(statement, access::host_reads);
    if (!prepared_now)
      return tl::make_unexpected(prepared_now.error());
    auto& rows_of = **prepared_now;
    sql_rows found;
    for (int i = 0; i < rows_of.getColumnCount(); ++i)
      found.columns.emplace_back(rows_of.getColumnName(i));
    while (rows_of.executeStep()) {
      auto& row = found.rows.emplace_back();
      for (int i = 0; i < rows_of.getColumnCount(); ++i)
        row.push_back(to_sql_value(rows_of.getColumn(i)));
    }
    return found;
  });
}

savepoint::savepoint(library_store& store)
  : store_(store), applying_before_(store.applying_) {
  store_.expect_transaction();
  store_.statements.use("SAVEPOINT lockstep")->exec();
}

savepoint::~savepoint() {
  if (!open_)
    return;
  sqlite3_exec(store_.database->getHandle(),
               "ROLLBACK TO lockstep; RELEASE lockstep", nullptr, nullptr,
               nullptr);
  store_.applying_ = applying_before_;
}

void savepoint::release() {
  store_.statements.use("RELEASE lockstep")->exec();
  open_ = false;
}

} // namespace lockstep
