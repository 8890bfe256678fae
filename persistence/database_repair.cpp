#include "persistence/database_repair.hpp"

#include "persistence/application_copy.hpp"
#include "persistence/forgotten_numbers.hpp"
#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/pending_keeper.hpp"
#include "persistence/readable_rows.hpp"
#include "persistence/row_import.hpp"
#include "persistence/set_aside.hpp"
#include "persistence/tracked_before.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

constexpr int reading_patience_ms = 5'000;

constexpr const char* pending_columns
  = "device, device_sequence, timestamp, model, record_id, change_type,"
    " base_version, base_operation, changed, transaction_end, data";

/// Null where not even the first page can be read.
std::unique_ptr<SQLite::Database> open_damaged(const fs::path& file) {
  try {
    auto opened = std::make_unique<SQLite::Database>(
      file.string(), SQLite::OPEN_READONLY, reading_patience_ms);
    // Else SQLite refuses a file that is shorter than it says.
    opened->exec("PRAGMA writable_schema=ON");
    opened->execAndGet("SELECT count(*) FROM sqlite_schema");
    return opened;
  } catch (const SQLite::Exception&) {
    return nullptr;
  }
}

/// While it lives, a row that breaks a CHECK fits.
class ignoring_checks {
public:
  explicit ignoring_checks(library_store& store) : store_(store) {
    store_.database->exec("PRAGMA ignore_check_constraints=ON");
  }
  ignoring_checks(const ignoring_checks&) = delete;
  ignoring_checks& operator=(const ignoring_checks&) = delete;
  ~ignoring_checks() {
    store_.database->tryExec("PRAGMA ignore_check_constraints=OFF");
  }

private:
  library_store& store_;
};

/// Makes one database of what is left of another one and of the log.
class rebuilding {
public:
  rebuilding(const database_sources& from, fs::path made,
             library_repair& report)
    : from_(from), made_(std::move(made)), report_(report) {
  }

  expected<void> run();

private:
  void open();
  void find_tracked(const application_copy& application);
  expected<void> fill(library_store& store);
  void copy_state(library_store& store);
  void copy_unlogged(library_store& store);
  expected<void> track(library_store& store, const tracked_before& what);
  expected<void> take_pending(library_store& store);
  expected<void> restore_excluded(library_store& store,
                                  const tracked_before& what);
  expected<void> show_despite_checks(library_store& store);
  void tell_set_aside(library_store& store,
                      const std::set<sequence_number>& before);
  [[nodiscard]] bool is_tracked(const std::string& table) const;
  void lose(std::string sentence) {
    report_.lost.push_back(std::move(sentence));
  }

  const database_sources& from_;
  fs::path made_;
  library_repair& report_;
  std::unique_ptr<SQLite::Database> damaged_;
  readable_rows rows_{nullptr};
  std::vector<tracked_before> tracked_;
};

void rebuilding::open() {
  damaged_ = open_damaged(from_.damaged);
  rows_ = readable_rows{damaged_.get()};
}

void rebuilding::find_tracked(const application_copy& application) {
  std::error_code ignored;
  if (!fs::exists(from_.damaged, ignored))
    return lose("The tables themselves are gone; make them and track them, and"
                " their rows come from the log.");
  tracked_ = read_tracked(rows_);
  if (application.is_empty())
    lose("Which tables there were cannot be read; make them and track them, and"
         " their rows come from the log.");
  else if (tracked_.empty())
    lose("Which tables were tracked cannot be read; track them again.");
}

bool rebuilding::is_tracked(const std::string& table) const {
  return std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& one) {
    return is_same_name(one.table, table);
  });
}

void rebuilding::copy_state(library_store& store) {
  // A first sync that was over says nothing any more.
  for (const auto& one : rows_.all("SELECT clock_correction, journal_before,"
                                   " fetching_anew, first_sync = 1"
                                   " FROM lockstep_state")) {
    SQLite::Statement row{*store.database,
                          "UPDATE lockstep_state SET clock_correction = ?,"
                          " journal_before = ?, fetching_anew = ?,"
                          " first_sync = ?"};
    put_row(row, one);
  }
}

/// What another repair had noted, and no member was met since.
void rebuilding::copy_unlogged(library_store& store) {
  std::string columns = "model, record_id, version, deleted, image";
  const auto known = rows_.columns_of("lockstep_unlogged");
  // Of an earlier format it says no places in the log.
  const bool says_where = std::ranges::find(known, "sequence") != known.end();
  if (says_where)
    columns += ", sequence";
  SQLite::Statement insert{*store.database, "INSERT INTO lockstep_unlogged("
                                              + columns
                                              + ") VALUES(?, ?, ?, ?, ?"
                                              + (says_where ? ", ?)" : ")")};
  rows_.for_each("lockstep_unlogged", columns,
                 [&](const readable_rows::row& row) { put_row(insert, row); });
}

expected<void> rebuilding::track(library_store& store,
                                 const tracked_before& what) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      const auto schema
        = store.tables.track(what.table, what.model, what.excluded);
      if (!schema)
        return tl::make_unexpected(schema.error());
      library_writer writer{store, from_.now};
      pending_keeper keeper{store};
      return import_rows(store, **schema, writer, keeper)
        .map([](const operation_range&) {});
    });
}

expected<void> rebuilding::take_pending(library_store& store) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      SQLite::Statement insert{
        *store.database, std::string{"INSERT OR IGNORE INTO lockstep_pending("}
                           + pending_columns
                           + ", shown) VALUES(?,?,?,?,?,?,?,?,?,?,?,0)"};
      const bool whole = rows_.for_each(
        "lockstep_pending", pending_columns,
        [&](const readable_rows::row& row) { put_row(insert, row); });
      if (!whole && damaged_)
        lose("What waited for its place in the log cannot be read, or not all"
             " of it.");
      for (const auto& what : store.pending.all())
        if (store.accepted.contains(what.device, what.device_sequence))
          store.pending.take(what.device, what.device_sequence);
      // Ends that could not be read.
      store.pending.end_before_others();
      const auto noted = store.changes.newest_note();
      store.set_applying(true);
      library_applier{store, from_.now}.redo_pending();
      undo_triggers(store, noted);
      store.set_applying(false);
      report_.pending = store.pending.count();
      return {};
    });
}

expected<void> rebuilding::restore_excluded(library_store& store,
                                            const tracked_before& what) {
  const auto* schema = store.tables.by_table(what.table);
  if (schema == nullptr || schema->local_columns.empty())
    return {};
  std::vector<std::string> keys;
  for (const auto& key : schema->key_columns)
    keys.push_back(sql_name(key));
  if (keys.empty())
    keys.push_back(schema->number);
  std::string wanted;
  std::string set;
  std::string where;
  for (const auto& column : schema->local_columns) {
    wanted += sql_name(column) + ", ";
    set += (set.empty() ? "" : ", ") + sql_name(column) + " = ?";
  }
  for (const auto& key : keys) {
    wanted += (where.empty() ? "" : ", ") + key;
    where += (where.empty() ? "" : " AND ") + key + " IS ?";
  }
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      const ignoring_checks all_fit{store};
      store.set_applying(true);
      SQLite::Statement update{*store.database,
                               "UPDATE " + sql_name(schema->table) + " SET "
                                 + set + " WHERE " + where};
      std::uint64_t refused = 0;
      const bool whole = rows_.for_each(
        schema->table, wanted, [&](const readable_rows::row& row) {
          refused += put_row(update, row) ? 0 : 1;
        });
      store.set_applying(false);
      if (!whole)
        lose("Excluded columns of table \"" + schema->table
             + "\" cannot be read for all rows.");
      if (refused != 0)
        lose("Excluded columns of " + counted_rows(refused) + " of table \""
             + schema->table + "\" do not fit into it any more.");
      return {};
    });
}

/// A row that a CHECK came upon later was there, and is there again. What was
/// set aside before stays so.
expected<void> rebuilding::show_despite_checks(library_store& store) {
  return in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      std::set<sequence_number> before;
      const bool whole = rows_.for_each(
        "lockstep_set_aside", "sequence", [&](const readable_rows::row& row) {
          if (const auto* at = std::get_if<std::int64_t>(&row.front()))
            before.emplace(static_cast<std::uint64_t>(*at));
        });
      std::vector<std::pair<sequence_number, std::string>> kept;
      const auto now = list_set_aside(store);
      if (!now)
        return tl::make_unexpected(now.error());
      for (const auto& one : now->list)
        if (before.contains(one.what.sequence))
          kept.emplace_back(one.what.sequence, one.reason);
      if (whole && kept.size() < now->list.size()) {
        for (const auto& [at, reason] : kept)
          take_from_set_aside(store, at);
        const auto noted = store.changes.newest_note();
        store.set_applying(true);
        {
          const ignoring_checks all_fit{store};
          retry_set_aside(store);
        }
        undo_triggers(store, noted);
        store.set_applying(false);
        for (const auto& [at, reason] : kept)
          set_aside(store, at, reason);
      }
      tell_set_aside(store, before);
      return {};
    });
}

void rebuilding::tell_set_aside(library_store& store,
                                const std::set<sequence_number>& before) {
  const auto now = list_set_aside(store);
  if (!now)
    return;
  std::map<std::string, std::uint64_t> rows;
  for (const auto& one : now->list)
    if (!before.contains(one.what.sequence))
      if (const auto* schema = store.tables.by_model(one.what.model))
        ++rows[schema->table];
  for (const auto& [table, count] : rows)
    lose(counted_rows(count) + " of table \"" + table
         + "\" cannot stand in it as the log says, and "
         + (count == 1 ? "is" : "are")
         + " set aside; lockstep set-aside shows them.");
}

expected<void> rebuilding::fill(library_store& store) {
  copy_state(store);
  if (auto noted = forget_numbers(store, from_.now()); !noted)
    return noted;
  copy_unlogged(store);
  auto applied = library_applier{store, from_.now}.catch_up(
    nullptr, [](const library_applier::chunk&) {});
  if (!applied)
    return applied;
  for (auto& what : tracked_) {
    choose_model(store, what);
    if (auto tracked = track(store, what); !tracked) {
      lose("The table \"" + what.table
           + "\" is not tracked any more: " + tracked.error().message);
      continue;
    }
    report_.rebuilt.push_back(what.table);
  }
  if (auto shown = show_despite_checks(store); !shown)
    return shown;
  for (const auto& what : tracked_)
    if (auto restored = restore_excluded(store, what); !restored)
      return restored;
  return take_pending(store);
}

expected<void> rebuilding::run() {
  open();
  const application_copy application{rows_, report_.lost};
  find_tracked(application);
  if (auto made = application.make(
        made_, [&](const std::string& table) { return is_tracked(table); });
      !made)
    return made;
  {
    auto store
      = library_store::open(made_, from_.sync_log, from_.own, from_.limits);
    if (!store)
      return tl::make_unexpected(store.error());
    auto filled = (*store)->attempt([&] { return fill(**store); });
    if (!filled)
      return filled;
  }
  if (auto added = application.add_triggers(made_); !added)
    return added;
  std::error_code ignored;
  const auto mode = fs::status(from_.damaged, ignored).permissions();
  if (!ignored && mode != fs::perms::unknown)
    fs::permissions(made_, mode, ignored);
  return {};
}

} // namespace

expected<void> rebuild_database(const database_sources& from,
                                const fs::path& made, library_repair& report) {
  return rebuilding{from, made, report}.run();
}

} // namespace lockstep
