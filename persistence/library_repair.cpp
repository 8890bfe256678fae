#include "persistence/library_repair.hpp"

#include "persistence/damaged_file.hpp"
#include "persistence/database_repair.hpp"
#include "persistence/first_sync_mark.hpp"
#include "persistence/forgotten_numbers.hpp"
#include "persistence/library_files.hpp"
#include "persistence/library_schema.hpp"
#include "persistence/library_store.hpp"
#include "persistence/log_repair.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/repair_journal.hpp"
#include "persistence/sqlite_ids.hpp"
#include "persistence/sync_log_schema.hpp"
#include "persistence/tables_comparison.hpp"
#include "persistence/unlogged_records.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace lockstep {

namespace {

namespace fs = std::filesystem;

class repairing {
public:
  repairing(const library_folder& folder, const repair_settings& how)
    : folder_(folder), how_(how), log_(folder.sync_log_file()),
      database_(folder.database_file()) {
  }

  expected<library_repair> run();

private:
  expected<void> mend();
  expected<void> recover();
  expected<void> examine();
  /// Whether the tables are what the log says, where both files are whole.
  expected<void> compare_tables();
  /// Puts what was made in a file's place; returns where the old one is. Should
  /// the repair be cut off from here on, the next one knows what this one
  /// found.
  expected<std::string> put_new(const fs::path& file);
  /// Leaves all as it was, where nothing has changed yet.
  void give_up();
  expected<void> mend_log();
  expected<void> mend_database();
  /// The one that is there, where one that is made anew is no better.
  void keep_database();
  /// Nobody leads on under a ballot of a log that was longer.
  expected<void> break_promises();
  expected<void> mend_tables();
  /// Has the library wait for its other members where they may hold more than
  /// is here; else goes on with what is.
  expected<void> settle(library_store& store, bool lacks_entries);
  [[nodiscard]] bool lacks_entries() const {
    return found_.log_was_cut || report_.held < report_.known;
  }
  static expected<void> go_on_alone(library_store& store);
  /// Whether nobody else can hold what the log held; false where that is not
  /// known.
  bool is_only_member();
  /// Whether the library has members beside this device, as far as is known.
  expected<bool> has_others(library_store& store);

  const library_folder& folder_;
  const repair_settings& how_;
  fs::path log_;
  fs::path database_;
  library_repair report_;
  /// What is wrong with a database that is whole by itself.
  std::optional<tables_difference> differs_;
  /// What it found, and a repair before it that was cut off.
  repair_journal found_;
  /// Whether files have changed, also by a repair that was cut off, as far as
  /// is known.
  bool has_begun_ = true;
};

expected<std::string> repairing::put_new(const fs::path& file) {
  return write_repair_journal(folder_, found_)
    .and_then([&] { return replace(file); })
    .map([&](const fs::path& kept) {
      has_begun_ = true;
      return kept.string();
    });
}

void repairing::give_up() {
  for (const auto& file : {log_, database_}) {
    clear_unfinished_replacement(file);
    std::error_code unreadable;
    has_begun_ |= fs::exists(replacement(file), unreadable) || unreadable;
  }
  if (!has_begun_)
    static_cast<void>(remove_repair_journal(folder_));
}

expected<void> repairing::recover() {
  const auto before = read_repair_journal(folder_);
  if (!before)
    return tl::make_unexpected(before.error());
  has_begun_ = before->has_value();
  found_ = before->value_or(repair_journal{});
  return finish_replacement(log_).and_then(
    [&] { return finish_replacement(database_); });
}

expected<void> repairing::examine() {
  auto log = examine_file(log_, sync_log_migrations());
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
  auto database = examine_file(database_, library_migrations());
  if (!database)
    return tl::make_unexpected(database.error());
  report_.database = *database;
  report_.known
    = std::max(applied_in(database_).value_or(report_.held), found_.known);
  found_.known = report_.known;
  found_.log_was_cut |= report_.log.found != file_state::whole;
  return compare_tables();
}

expected<void> repairing::compare_tables() {
  if (found_.log_was_cut || report_.database.found != file_state::whole
      || report_.held < report_.known)
    return {};
  auto found = library_store::open(database_, log_, how_.own, how_.limits, true)
                 .and_then([&](const auto& store) {
                   return compare_with_log(*store, how_.now);
                 });
  // What cannot be understood is damaged, too.
  if (!found
      && (found.error().code == errc::corrupt
          || found.error().code == errc::invalid_argument))
    found = tables_difference{found.error().message, {}};
  if (!found)
    return tl::make_unexpected(found.error());
  report_.compared = found->compared;
  if (found->first.empty())
    return {};
  report_.database.found = file_state::damaged;
  report_.database.why
    = database_.string() + " is not what its log says: " + found->first;
  differs_ = std::move(*found);
  return {};
}

expected<void> repairing::mend_log() {
  if (report_.log.found == file_state::whole)
    return {};
  clear_unfinished_replacement(log_);
  const auto end = rebuild_log(log_, unfinished_replacement(log_), how_.own,
                               is_only_member());
  if (!end)
    return tl::make_unexpected(end.error());
  report_.held = end->position.sequence;
  return put_new(log_).map(
    [&](std::string kept) { report_.log.kept_as = std::move(kept); });
}

expected<void> repairing::mend_database() {
  if (report_.database.found == file_state::whole)
    return {};
  clear_unfinished_replacement(database_);
  const auto made = unfinished_replacement(database_);
  const database_sources from{database_, log_, how_.own, how_.limits, how_.now};
  if (auto rebuilt = rebuild_database(from, made, report_); !rebuilt)
    return rebuilt;
  bool is_better = true;
  {
    auto store = library_store::open(made, log_, how_.own, how_.limits);
    if (!store)
      return tl::make_unexpected(store.error());
    // Of a log that was damaged, too, the rest is with the others.
    if (auto settled = settle(**store, lacks_entries()); !settled)
      return settled;
    if (differs_) {
      const auto again = compare_with_log(**store, how_.now);
      if (!again)
        return tl::make_unexpected(again.error());
      is_better = again->first.empty() && report_.lost.empty();
    }
  }
  if (!is_better) {
    keep_database();
    return {};
  }
  if (differs_)
    for (const auto& sentence : differs_->unknown)
      report_.lost.push_back(sentence + " Only the old file has them.");
  return put_new(database_).map(
    [&](std::string kept) { report_.database.kept_as = std::move(kept); });
}

void repairing::keep_database() {
  clear_unfinished_replacement(database_);
  report_.database.found = file_state::whole;
  report_.database.why += " So would one be that is made anew: it stays as it"
                          " is.";
  report_.rebuilt.clear();
  report_.lost.clear();
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
    // Once the log was forgotten, they are among what it had said.
    if (!folder_.description.joined_from.is_nil()
        || !unlogged_members(store).empty())
      return true;
    const auto records = store.index.all_of(member_model);
    return std::any_of(records.begin(), records.end(), [&](const auto& one) {
      return device_id{one.first.bytes} != how_.own && !one.second.deleted;
    });
  });
}

expected<void> repairing::go_on_alone(library_store& store) {
  const auto waits = store.attempt(
    [&]() -> expected<bool> { return store.is_fetching_anew(); });
  if (!waits)
    return tl::make_unexpected(waits.error());
  if (!*waits)
    return {};
  return in_one_transaction(store, durability::by_itself,
                            [&]() -> expected<void> {
                              store.set_fetching_anew(false);
                              return {};
                            });
}

expected<void> repairing::settle(library_store& store, bool lacks_entries) {
  // What it had given back is pending, and nobody has the rest.
  if (how_.alone)
    if (auto done = go_on_alone(store); !done)
      return done;
  const auto others = has_others(store);
  if (!others)
    return tl::make_unexpected(others.error());
  const auto waits = is_in_first_sync(store);
  if (!waits)
    return tl::make_unexpected(waits.error());
  if (!lacks_entries && !*waits)
    return {};
  if (auto noted = forget_numbers(store, how_.now()); !noted)
    return noted;
  report_.needs_members = *others && !how_.alone;
  if (report_.needs_members)
    return begin_first_sync_again(store);
  return take_up_unlogged(store).map([](std::uint64_t) {});
}

expected<void> repairing::break_promises() {
  auto log = sync_log_store::open(log_);
  if (!log)
    return tl::make_unexpected(log.error());
  return forget_promises(*log, how_.own, how_.now());
}

expected<void> repairing::mend_tables() {
  if (report_.database.found != file_state::whole)
    return {};
  auto store
    = library_store::open(database_, log_, how_.own, how_.limits, true);
  if (!store)
    return tl::make_unexpected(store.error());
  if (report_.held < report_.known) {
    if (auto noted = write_repair_journal(folder_, found_); !noted)
      return noted;
    has_begun_ = true;
    if (report_.log.found == file_state::whole && !is_only_member())
      if (auto done = break_promises(); !done)
        return done;
    const auto forgotten = forget_log_after(**store, report_.held);
    if (!forgotten)
      return tl::make_unexpected(forgotten.error());
    report_.unlogged = *forgotten;
  }
  if (auto settled = settle(**store, lacks_entries()); !settled)
    return settled;
  return (*store)->attempt([&]() -> expected<void> {
    report_.pending = (*store)->pending.count();
    return {};
  });
}

expected<void> repairing::mend() {
  return recover()
    .and_then([&] { return examine(); })
    .and_then([&] { return mend_log(); })
    .and_then([&] { return mend_database(); })
    .and_then([&] { return mend_tables(); })
    .and_then([&] { return remove_repair_journal(folder_); });
}

expected<library_repair> repairing::run() {
  if (auto mended = mend(); !mended) {
    give_up();
    return tl::make_unexpected(mended.error());
  }
  return report_;
}

} // namespace

expected<library_repair> repair_files(const library_folder& folder,
                                      const repair_settings& how) {
  return repairing{folder, how}.run();
}

} // namespace lockstep
