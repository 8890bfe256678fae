#include "persistence/database_repair.hpp"

#include "persistence/image.hpp"
#include "persistence/library_applier.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/pending_keeper.hpp"
#include "persistence/readable_rows.hpp"
#include "persistence/row_import.hpp"
#include "persistence/sqlite_file.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 5'000;

constexpr const char* pending_columns
  = "device, device_sequence, timestamp, model, record_id, change_type,"
    " base_version, base_operation, changed, transaction_end, data";

std::string text_of(const sql_value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : std::string{};
}

/// Runs a statement with a row's values. What breaks a constraint is no row
/// that was there.
void put(SQLite::Statement& statement, const readable_rows::row& row) {
  for (std::size_t i = 0; i < row.size(); ++i)
    bind_value(statement, static_cast<int>(i) + 1, row[i]);
  static_cast<void>(statement.tryExecuteStep());
  statement.reset();
}

/// Null where not even the first page can be read.
std::unique_ptr<SQLite::Database> open_damaged(const fs::path& file) {
  try {
    auto opened = std::make_unique<SQLite::Database>(
      file.string(), SQLite::OPEN_READONLY, patience_ms);
    // Else SQLite refuses a file that is shorter than it says.
    opened->exec("PRAGMA writable_schema=ON");
    opened->execAndGet("SELECT count(*) FROM sqlite_schema");
    return opened;
  } catch (const SQLite::Exception&) {
    return nullptr;
  }
}

/// A thing of the application's in sqlite_schema.
struct schema_item {
  std::string type;
  std::string name;
  std::string sql;

  [[nodiscard]] bool is_virtual() const {
    return sql.starts_with("CREATE VIRTUAL");
  }
};

struct tracked_name {
  std::string table;
  std::string model;
  std::vector<std::string> excluded;
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
  void look();
  void make_schema(SQLite::Database& to, const char* type);
  void copy_rows(SQLite::Database& to);
  void copy_table(SQLite::Database& to, const std::string& table);
  expected<void> make_application();
  expected<void> fill(library_store& store);
  void copy_state(library_store& store);
  expected<void> track(library_store& store, const tracked_name& what);
  expected<void> take_pending(library_store& store);
  expected<void> restore_excluded(library_store& store,
                                  const tracked_name& what);
  expected<void> add_triggers();
  [[nodiscard]] bool is_tracked(const std::string& table) const;
  void lose(std::string sentence) {
    report_.lost.push_back(std::move(sentence));
  }

  const database_sources& from_;
  fs::path made_;
  library_repair& report_;
  std::unique_ptr<SQLite::Database> damaged_;
  readable_rows rows_{nullptr};
  std::vector<schema_item> schema_;
  std::vector<tracked_name> tracked_;
};

void rebuilding::look() {
  std::error_code ignored;
  if (!fs::exists(from_.damaged, ignored))
    return lose("The tables themselves are gone; make them and track them, and"
                " their rows come from the log.");
  damaged_ = open_damaged(from_.damaged);
  rows_ = readable_rows{damaged_.get()};
  for (const auto& one :
       rows_.all("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT"
                 " NULL AND substr(name, 1, 7) <> 'sqlite_' AND"
                 " substr(name, 1, 9) <> 'lockstep_' ORDER BY rowid"))
    schema_.push_back({text_of(one[0]), text_of(one[1]), text_of(one[2])});
  for (const auto& one : rows_.all("SELECT table_name, name, excluded FROM"
                                   " lockstep_model ORDER BY id")) {
    tracked_name what{text_of(one[0]), text_of(one[1]), {}};
    const auto excluded
      = nlohmann::json::parse(text_of(one[2]), nullptr, false);
    for (const auto& column : excluded)
      if (column.is_string())
        what.excluded.push_back(column.get<std::string>());
    tracked_.push_back(std::move(what));
  }
  if (schema_.empty())
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

void rebuilding::make_schema(SQLite::Database& to, const char* type) {
  for (const auto& one : schema_) {
    if (one.type != type)
      continue;
    try {
      to.exec(one.sql);
    } catch (const SQLite::Exception& why) {
      // A virtual table has made those that it keeps its rows in.
      if (to.tableExists(one.name))
        continue;
      lose("The " + one.type + " \"" + one.name + "\" cannot be made anew ("
           + why.what() + ").");
    }
  }
}

void rebuilding::copy_table(SQLite::Database& to, const std::string& table) {
  const auto columns = rows_.columns_of(table);
  if (columns.empty())
    return;
  std::string names;
  std::string places;
  for (const auto& column : columns) {
    names += (names.empty() ? "" : ", ") + sql_name(column);
    places += places.empty() ? "?" : ", ?";
  }
  SQLite::Statement insert{to, "INSERT OR REPLACE INTO " + sql_name(table) + "("
                                 + names + ") VALUES(" + places + ")"};
  const bool whole = rows_.for_each(
    table, names, [&](const readable_rows::row& row) { put(insert, row); });
  if (!whole)
    lose("Rows of table \"" + table
         + "\", which is not tracked, cannot be"
           " read.");
}

void rebuilding::copy_rows(SQLite::Database& to) {
  for (const auto& one : schema_)
    if (one.type == "table" && !one.is_virtual() && !is_tracked(one.name)
        && to.tableExists(one.name))
      copy_table(to, one.name);
}

expected<void> rebuilding::make_application() {
  try {
    SQLite::Database to{made_.string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    for (const auto* setting : {"encoding", "user_version", "application_id"})
      for (const auto& one : rows_.all(std::string{"PRAGMA "} + setting))
        if (const auto* number = std::get_if<std::int64_t>(&one.front()))
          to.exec(std::string{"PRAGMA "} + setting + "="
                  + std::to_string(*number));
        else
          to.exec(std::string{"PRAGMA "} + setting + "="
                  + sql_text(text_of(one.front())));
    SQLite::Transaction all{to};
    make_schema(to, "table");
    copy_rows(to);
    make_schema(to, "index");
    all.commit();
    return {};
  } catch (const SQLite::Exception& why) {
    return tl::make_unexpected(sqlite_failure(why, made_));
  }
}

void rebuilding::copy_state(library_store& store) {
  for (const auto& one : rows_.all("SELECT clock_correction, journal_before"
                                   " FROM lockstep_state")) {
    SQLite::Statement row{*store.database,
                          "UPDATE lockstep_state SET clock_correction = ?,"
                          " journal_before = ?"};
    bind_value(row, 1, one[0]);
    bind_value(row, 2, one[1]);
    row.exec();
  }
}

expected<void> rebuilding::track(library_store& store,
                                 const tracked_name& what) {
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
        [&](const readable_rows::row& row) { put(insert, row); });
      if (!whole && damaged_)
        lose("What waited for its place in the log cannot be read, or not all"
             " of it.");
      // A transaction ends with the last of it that is left.
      store.database->exec(
        "UPDATE lockstep_pending AS one SET transaction_end = (SELECT"
        " max(device_sequence) FROM lockstep_pending AS other WHERE"
        " other.device = one.device AND other.transaction_end ="
        " one.transaction_end)");
      for (const auto& what : store.pending.all())
        if (store.accepted.contains(what.device, what.device_sequence))
          store.pending.take(what.device, what.device_sequence);
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
                                            const tracked_name& what) {
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
      store.set_applying(true);
      SQLite::Statement update{*store.database,
                               "UPDATE " + sql_name(schema->table) + " SET "
                                 + set + " WHERE " + where};
      const bool whole = rows_.for_each(
        schema->table, wanted,
        [&](const readable_rows::row& row) { put(update, row); });
      store.set_applying(false);
      if (!whole)
        lose("Excluded columns of table \"" + schema->table
             + "\" cannot be read for all rows.");
      return {};
    });
}

expected<void> rebuilding::fill(library_store& store) {
  copy_state(store);
  auto applied = library_applier{store, from_.now}.catch_up(
    nullptr, [](const library_applier::chunk&) {});
  if (!applied)
    return applied;
  for (const auto& what : tracked_) {
    if (auto tracked = track(store, what); !tracked) {
      lose("The table \"" + what.table
           + "\" is not tracked any more: " + tracked.error().message);
      continue;
    }
    report_.rebuilt.push_back(what.table);
    if (auto restored = restore_excluded(store, what); !restored)
      return restored;
  }
  return take_pending(store);
}

/// Last: nothing that was done here was to set them off.
expected<void> rebuilding::add_triggers() {
  try {
    SQLite::Database to{made_.string(), SQLite::OPEN_READWRITE};
    make_schema(to, "view");
    make_schema(to, "trigger");
    return {};
  } catch (const SQLite::Exception& why) {
    return tl::make_unexpected(sqlite_failure(why, made_));
  }
}

expected<void> rebuilding::run() {
  look();
  if (auto made = make_application(); !made)
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
  if (auto added = add_triggers(); !added)
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
