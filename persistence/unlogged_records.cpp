#include "persistence/unlogged_records.hpp"

#include "persistence/changed_owners.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/rows_together.hpp"

#include <map>
#include <string>
#include <vector>

namespace lockstep {

namespace {

constexpr std::uint32_t entries_at_once = 1'000;

std::int64_t as_sql(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

/// What the log says of each record that its lost part had changed.
using known_states = std::map<record_key, record_state>;

struct lost_record {
  record_key key;
  version_number version;
  bool deleted = false;
};

/// Records that are known as of an entry after `end`.
std::vector<lost_record> newer_than(library_store& store, sequence_number end) {
  std::vector<lost_record> list;
  for (const auto* text :
       {"SELECT name, key, version, 0 FROM lockstep_identity JOIN"
        " lockstep_model ON lockstep_model.id = model WHERE sequence > ?",
        "SELECT name, record_id, version, 1 FROM lockstep_tombstone JOIN"
        " lockstep_model ON lockstep_model.id = model WHERE sequence > ?",
        "SELECT model, record_id, version, deleted FROM lockstep_record WHERE"
        " sequence > ?"}) {
    SQLite::Statement rows{*store.database, text};
    rows.bind(1, as_sql(end.value));
    while (rows.executeStep())
      list.push_back(
        {{rows.getColumn(0).getString(), read_id<record_id>(rows.getColumn(1))},
         version_number{
           static_cast<std::uint64_t>(rows.getColumn(2).getInt64())},
         rows.getColumn(3).getInt() != 0});
  }
  return list;
}

void note(library_store& store, const lost_record& what) {
  std::string image;
  const auto* schema = store.tables.by_model(what.key.first);
  if (schema != nullptr && schema->present && !what.deleted)
    if (const auto row = store.rows.read(*schema, what.key.second))
      image = row->dump();
  auto keep = store.statements.use(
    "INSERT OR REPLACE INTO lockstep_unlogged VALUES(?, ?, ?, ?, ?)");
  keep->bind(1, what.key.first);
  bind_id(*keep, 2, what.key.second);
  keep->bind(3, as_sql(what.version.value));
  keep->bind(4, what.deleted ? 1 : 0);
  keep->bind(5, image);
  keep->exec();
}

/// Looks through all of the log that is left.
expected<void> read_states(library_store& store, known_states& states) {
  sequence_number cursor;
  for (;;) {
    const auto list = store.log.fetch_since(cursor, entries_at_once);
    if (!list)
      return tl::make_unexpected(list.error());
    if (list->empty())
      return {};
    for (const auto& what : *list)
      if (const auto found = states.find({what.model, what.record});
          found != states.end())
        found->second
          = {what.version, what.sequence, what.change == change_type::remove};
    cursor = list->back().sequence;
  }
}

void forget_set_aside_after(library_store& store, sequence_number end) {
  auto row
    = store.statements.use("DELETE FROM lockstep_set_aside WHERE sequence > ?");
  row->bind(1, as_sql(end.value));
  row->exec();
}

struct unlogged_record {
  lost_record what;
  std::string image;
};

std::vector<unlogged_record> all_unlogged(library_store& store) {
  std::vector<unlogged_record> list;
  auto rows = store.statements.use(
    "SELECT model, record_id, version, deleted, image FROM lockstep_unlogged"
    " ORDER BY model, record_id");
  while (rows->executeStep())
    list.push_back({{{rows->getColumn(0).getString(),
                      read_id<record_id>(rows->getColumn(1))},
                     version_number{static_cast<std::uint64_t>(
                       rows->getColumn(2).getInt64())},
                     rows->getColumn(3).getInt() != 0},
                    rows->getColumn(4).getString()});
  return list;
}

/// Whether it is news: nobody has the record so new, and it can be said again.
bool is_news(library_store& store, const unlogged_record& one,
             const record_state& known) {
  const auto& [model, record] = one.what.key;
  const auto* schema = store.tables.by_model(model);
  if (schema == nullptr || !schema->present
      || !(known.version < one.what.version)
      || store.pending.has(model, record))
    return false;
  return one.what.deleted ? known.version && !known.deleted
                          : !one.image.empty();
}

/// Makes the row what the record was; false where it does not fit to what came
/// meanwhile, which then stays.
bool fits_in(library_store& store, const unlogged_record& one) {
  const auto& [model, record] = one.what.key;
  const bool broken = store.breaks_foreign_key();
  savepoint whole{store};
  if (show_one(store,
               {model, record,
                one.what.deleted ? change_type::remove : change_type::update,
                one.image, standing::pending})
      || (!broken && store.breaks_foreign_key()))
    return false;
  whole.release();
  return true;
}

} // namespace

expected<std::uint64_t> forget_log_after(library_store& store,
                                         sequence_number end,
                                         bool needs_members) {
  std::uint64_t count = 0;
  auto forgotten
    = in_one_transaction(store, durability::by_itself, [&]() -> expected<void> {
        const auto newer = newer_than(store, end);
        known_states states;
        for (const auto& what : newer) {
          note(store, what);
          states[what.key] = {};
        }
        if (auto read = read_states(store, states); !read)
          return read;
        for (const auto& [key, state] : states)
          store.index.store(key.first, key.second, state);
        forget_set_aside_after(store, end);
        store.set_applied(end);
        auto mark
          = store.statements.use("UPDATE lockstep_state SET first_sync = ?");
        mark->bind(1, needs_members ? 1 : 0);
        mark->exec();
        count = newer.size();
        return {};
      });
  return forgotten.map([&] { return count; });
}

expected<std::uint64_t> take_up_unlogged(library_store& store) {
  std::vector<record_key> news;
  auto taken = in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      const auto noted = store.changes.newest_note();
      store.set_applying(true);
      for (const auto& one : all_unlogged(store)) {
        const auto& [model, record] = one.what.key;
        if (!is_news(store, one, store.index.find(model, record)))
          continue;
        // What came meanwhile was older.
        const auto* schema = store.tables.by_model(model);
        const auto row = store.rows.read(*schema, record);
        if ((row ? row->dump() : std::string{}) != one.image
            && !fits_in(store, one))
          continue;
        news.push_back(one.what.key);
      }
      undo_triggers(store, noted);
      store.set_applying(false);
      for (const auto& [model, record] : news)
        note_record(store.statements, *store.tables.by_model(model), record);
      store.statements.use("DELETE FROM lockstep_unlogged")->exec();
      store.statements.use("UPDATE lockstep_state SET first_sync = 2")->exec();
      return {};
    });
  return taken.map([&] { return std::uint64_t{news.size()}; });
}

std::vector<member> unlogged_members(library_store& store) {
  std::vector<member> list;
  auto rows = store.statements.use(
    "SELECT record_id FROM lockstep_unlogged WHERE model = ? AND NOT deleted");
  rows->bind(1, std::string{member_model});
  while (rows->executeStep()) {
    const device_id device{read_id<record_id>(rows->getColumn(0)).bytes};
    if (device != store.own)
      list.push_back({device, {}, false});
  }
  return list;
}

} // namespace lockstep
