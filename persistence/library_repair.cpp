#include "persistence/library_repair.hpp"

#include "persistence/damaged_file.hpp"
#include "persistence/database_repair.hpp"
#include "persistence/first_sync_mark.hpp"
#include "persistence/library_store.hpp"
#include "persistence/log_repair.hpp"
#include "persistence/sqlite_file.hpp"
#include "persistence/sqlite_ids.hpp"
#include "persistence/unlogged_records.hpp"

#include <algorithm>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

/// How far the tables are; nothing where that cannot be read.
std::optional<sequence_number> applied_in(const fs::path& database) {
  const auto opened = open_sqlite(database, open_mode::read_only);
  if (!opened)
    return std::nullopt;
  try {
    if (!(*opened)->tableExists("lockstep_state"))
      return std::nullopt;
    return sequence_number{static_cast<std::uint64_t>(
      (*opened)
        ->execAndGet("SELECT applied_sequence FROM lockstep_state")
        .getInt64())};
  } catch (const SQLite::Exception&) {
    return std::nullopt;
  }
}

/// Not there, or without a page; SQLite is asked where the size says nothing.
bool is_missing_or_empty(const fs::path& file) {
  std::error_code unreadable;
  if (!fs::exists(file, unreadable))
    return !unreadable;
  if (fs::file_size(file, unreadable) != 0 || unreadable)
    return false;
  const auto opened = open_sqlite(file, open_mode::read_only);
  try {
    return opened && (*opened)->execAndGet("PRAGMA page_count").getInt64() == 0;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

class repairing {
public:
  repairing(const library_folder& folder, const repair_settings& how)
    : folder_(folder), how_(how), log_(folder.sync_log_file()),
      database_(folder.database_file()) {
  }

  expected<library_repair> run();

private:
  expected<void> examine();
  expected<void> mend_log();
  expected<void> mend_database();
  expected<void> mend_tables();
  /// Whether the library has members beside this device, as far as is known.
  /// Whether nobody else can hold what the log held; false where that is not
  /// known.
  bool is_only_member();
  expected<bool> has_others(library_store& store);

  const library_folder& folder_;
  const repair_settings& how_;
  fs::path log_;
  fs::path database_;
  library_repair report_;
};

expected<void> repairing::examine() {
  auto log = examine_file(log_);
  if (!log)
    return tl::make_unexpected(log.error());
  report_.log = *log;
  if (report_.log.found == file_state::whole) {
    const auto found = examine_log(log_);
    if (!found)
      return tl::make_unexpected(found.error());
    report_.held = found->sound.position.sequence;
    if (!found->why.empty()) {
      report_.log.found = file_state::damaged;
      report_.log.why = log_.string() + " is damaged: " + found->why + ".";
    }
  }
  auto database = examine_file(database_);
  if (!database)
    return tl::make_unexpected(database.error());
  report_.database = *database;
  report_.known = applied_in(database_).value_or(report_.held);
  return {};
}

expected<void> repairing::mend_log() {
  if (report_.log.found == file_state::whole)
    return {};
  clear_unfinished_replacement(log_);
  const auto end = rebuild_log(log_, unfinished_replacement(log_), how_.own,
                               how_.alone || is_only_member());
  if (!end)
    return tl::make_unexpected(end.error());
  report_.held = end->position.sequence;
  return replace(log_).map(
    [&](const fs::path& kept) { report_.log.kept_as = kept.string(); });
}

expected<void> repairing::mend_database() {
  if (report_.database.found == file_state::whole)
    return {};
  clear_unfinished_replacement(database_);
  const auto made = unfinished_replacement(database_);
  const database_sources from{database_, log_, how_.own, how_.limits, how_.now};
  if (auto rebuilt = rebuild_database(from, made, report_); !rebuilt)
    return rebuilt;
  {
    auto store = library_store::open(made, log_, how_.own, how_.limits);
    if (!store)
      return tl::make_unexpected(store.error());
    const auto others = has_others(**store);
    if (!others)
      return tl::make_unexpected(others.error());
    // Of a log that was damaged, too, the rest is with the others.
    report_.needs_members
      = report_.log.found != file_state::whole && *others && !how_.alone;
    if (report_.needs_members)
      if (auto marked = begin_first_sync(**store); !marked)
        return marked;
  }
  return replace(database_).map(
    [&](const fs::path& kept) { report_.database.kept_as = kept.string(); });
}

bool repairing::is_only_member() {
  if (!folder_.description.joined_from.is_nil()
      || report_.database.found != file_state::whole)
    return false;
  try {
    SQLite::Database database{database_.string(), SQLite::OPEN_READONLY, 5'000};
    SQLite::Statement others{database,
                             "SELECT 1 FROM lockstep_record WHERE model = ? AND"
                             " record_id <> ? AND NOT deleted LIMIT 1"};
    others.bind(1, std::string{member_model});
    bind_id(others, 2, how_.own);
    return !others.executeStep();
  } catch (const SQLite::Exception&) {
    return false;
  }
}

expected<bool> repairing::has_others(library_store& store) {
  return store.attempt([&]() -> expected<bool> {
    if (!folder_.description.joined_from.is_nil())
      return true;
    const auto records = store.index.all_of(member_model);
    return std::any_of(records.begin(), records.end(), [&](const auto& one) {
      return device_id{one.first.bytes} != how_.own && !one.second.deleted;
    });
  });
}

expected<void> repairing::mend_tables() {
  if (report_.database.found != file_state::whole
      || !(report_.held < report_.known))
    return {};
  auto store
    = library_store::open(database_, log_, how_.own, how_.limits, true);
  if (!store)
    return tl::make_unexpected(store.error());
  const auto others = has_others(**store);
  if (!others)
    return tl::make_unexpected(others.error());
  report_.needs_members = *others && !how_.alone;
  auto forgotten
    = forget_log_after(**store, report_.held, report_.needs_members);
  if (!forgotten)
    return tl::make_unexpected(forgotten.error());
  report_.unlogged = *forgotten;
  if (!report_.needs_members)
    if (auto taken = take_up_unlogged(**store); !taken)
      return tl::make_unexpected(taken.error());
  return (*store)->attempt([&]() -> expected<void> {
    report_.pending = (*store)->pending.count();
    return {};
  });
}

expected<library_repair> repairing::run() {
  return finish_replacement(log_)
    .and_then([&] { return finish_replacement(database_); })
    .and_then([&] { return examine(); })
    .and_then([&] { return mend_log(); })
    .and_then([&] { return mend_database(); })
    .and_then([&] { return mend_tables(); })
    .map([&] { return report_; });
}

} // namespace

expected<void> check_library_files(const library_folder& folder) {
  const auto log = folder.sync_log_file();
  const auto database = folder.database_file();
  auto finished = finish_replacement(log).and_then(
    [&] { return finish_replacement(database); });
  if (!finished || !is_missing_or_empty(log))
    return finished;
  const auto applied = applied_in(database);
  if (!applied || !*applied)
    return {};
  return fail(errc::corrupt, log.string() + " is gone or empty, and "
                               + database.string()
                               + " shows what it said up to entry "
                               + to_string(*applied) + ".");
}

expected<library_repair> repair_files(const library_folder& folder,
                                      const repair_settings& how) {
  return repairing{folder, how}.run();
}

} // namespace lockstep
