#include "persistence/unlogged_records.hpp"

#include "messages/json_value.hpp"
#include "persistence/changed_owners.hpp"
#include "persistence/one_transaction.hpp"
#include "persistence/rows_together.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
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
  sequence_number at; ///< Its entry, in the log that was lost.
};

/// Records that are known as of an entry after `end`.
std::vector<lost_record> newer_than(library_store& store, sequence_number end) {
  std::vector<lost_record> list;
  for (const auto* text :
       {"SELECT name, key, version, 0, sequence FROM lockstep_identity JOIN"
        " lockstep_model ON lockstep_model.id = model WHERE sequence > ?",
        "SELECT name, record_id, version, 1, sequence FROM"
        " lockstep_tombstone dead JOIN lockstep_model ON lockstep_model.id ="
        " model WHERE sequence > ? AND NOT EXISTS (SELECT 1 FROM"
        " lockstep_identity WHERE model = dead.model AND key ="
        " dead.record_id)",
        "SELECT model, record_id, version, deleted, sequence FROM"
        " lockstep_record WHERE"
        " sequence > ?"}) {
    SQLite::Statement rows{*store.database, text};
    rows.bind(1, as_sql(end.value));
    while (rows.executeStep())
      list.push_back(
        {{rows.getColumn(0).getString(), read_id<record_id>(rows.getColumn(1))},
         version_number{
           static_cast<std::uint64_t>(rows.getColumn(2).getInt64())},
         rows.getColumn(3).getInt() != 0,
         sequence_number{
           static_cast<std::uint64_t>(rows.getColumn(4).getInt64())}});
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
    "INSERT INTO lockstep_unlogged(model, record_id, version, deleted, image,"
    " sequence) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
    " SET version = excluded.version, deleted = excluded.deleted, image ="
    " excluded.image, sequence = excluded.sequence WHERE version <"
    " excluded.version");
  keep->bind(1, what.key.first);
  bind_id(*keep, 2, what.key.second);
  keep->bind(3, as_sql(what.version.value));
  keep->bind(4, what.deleted ? 1 : 0);
  keep->bind(5, image);
  keep->bind(6, as_sql(what.at.value));
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

void forget_tombstones_after(library_store& store, sequence_number end) {
  auto rows
    = store.statements.use("DELETE FROM lockstep_tombstone WHERE sequence > ?");
  rows->bind(1, as_sql(end.value));
  rows->exec();
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
    "SELECT model, record_id, version, deleted, image, sequence FROM"
    " lockstep_unlogged ORDER BY model, record_id");
  while (rows->executeStep())
    list.push_back({{{rows->getColumn(0).getString(),
                      read_id<record_id>(rows->getColumn(1))},
                     version_number{static_cast<std::uint64_t>(
                       rows->getColumn(2).getInt64())},
                     rows->getColumn(3).getInt() != 0,
                     sequence_number{static_cast<std::uint64_t>(
                       rows->getColumn(5).getInt64())}},
                    rows->getColumn(4).getString()});
  return list;
}

/// What becomes of a noted record.
enum class fate {
  nothing,  ///< The log has it, or newer of the same.
  in_sight, ///< The table shows it, on top of what is pending of the record.
  news,     ///< Nobody has the record so new.
  conflict, ///< Somebody else has made something else of it.
  /// Others have deleted it, and forgotten that.
  forgotten,
};

/// Whether an entry made the record what it was here.
bool is_the_same(const unlogged_record& one, const nlohmann::json& image,
                 const entry& what) {
  const bool removes = what.change == change_type::remove;
  if (one.what.deleted || removes)
    return one.what.deleted == removes;
  return agree(image, nlohmann::json::parse(what.data, nullptr, false));
}

/// Whether the log's entry of that version is another one than was here. One
/// that was vacuumed all members had, this one too.
bool is_displaced(library_store& store, const unlogged_record& one,
                  const record_state& known) {
  const auto image = nlohmann::json::parse(one.image, nullptr, false);
  for (auto where = known.latest; where;) {
    const auto found = store.log.at(where);
    if (!found)
      throw std::runtime_error{found.error().message};
    if (!*found || is_the_same(one, image, **found))
      return false;
    if (!(one.what.version < (*found)->version))
      return (*found)->version == one.what.version;
    where = (*found)->previous;
  }
  return false;
}

/// Whether others had it, deleted it, and forgot that.
bool is_forgotten(library_store& store, const unlogged_record& one,
                  const record_state& known) {
  const auto forgotten = store.log.forgotten();
  if (!forgotten)
    throw std::runtime_error{forgotten.error().message};
  return !known.version && !one.what.deleted && one.what.at
         && one.what.at <= forgotten->through;
}

bool has_table(library_store& store, const std::string& model) {
  const auto* schema = store.tables.by_model(model);
  return schema != nullptr && schema->present;
}

fate fate_of(library_store& store, const unlogged_record& one,
             const record_state& known) {
  const auto& [model, record] = one.what.key;
  const bool can_be_said = one.what.deleted ? known.version && !known.deleted
                                                && has_table(store, model)
                                            : !one.image.empty();
  if (!can_be_said)
    return fate::nothing;
  if (store.pending.has(model, record) && has_table(store, model))
    return fate::in_sight;
  if (is_forgotten(store, one, known))
    return fate::forgotten;
  if (known.version < one.what.version)
    return fate::news;
  return is_displaced(store, one, known) ? fate::conflict : fate::nothing;
}

/// Proposes it without showing it: whoever leads makes it the record's next
/// entry, or a conflict. It is older than what the log says, and so gives way
/// to that where the versions are equal.
void propose(library_store& store, const unlogged_record& one,
             const record_state& known, version_number base) {
  operation made;
  made.device = store.own;
  made.device_sequence = store.next_device_sequence();
  made.transaction_end = made.device_sequence;
  const auto newest
    = store.entry_at(known.latest ? known.latest : store.applied());
  if (!newest)
    throw std::runtime_error{newest.error().message};
  if (*newest)
    made.timestamp.packed = (*newest)->timestamp.packed - 1;
  made.model = one.what.key.first;
  made.record = one.what.key.second;
  made.change = one.what.deleted        ? change_type::remove
                : known.version || base ? change_type::update
                                        : change_type::insert;
  made.base_version = base;
  made.data = one.image;
  store.pending.add(made, false);
}

/// Makes the row what the record was; false where it does not fit to what came
/// meanwhile, which then stays.
bool fits_in(library_store& store, const unlogged_record& one) {
  const auto& [model, record] = one.what.key;
  const auto* schema = store.tables.by_model(model);
  const auto row = store.rows.read(*schema, record);
  if ((row ? row->dump() : std::string{}) == one.image)
    return true;
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

/// Shows those that fit, in an order in which they do; the others are left in
/// the list.
std::vector<record_key> show_news(library_store& store,
                                  std::vector<unlogged_record>& list) {
  std::vector<record_key> shown;
  for (auto before = list.size() + 1; list.size() < before;) {
    before = list.size();
    std::erase_if(list, [&](const unlogged_record& one) {
      if (!has_table(store, one.what.key.first) || !fits_in(store, one))
        return false;
      shown.push_back(one.what.key);
      return true;
    });
  }
  return shown;
}

/// Takes those out of the tables that can go.
void hide(library_store& store, std::vector<unlogged_record> list) {
  for (auto& one : list) {
    one.what.deleted = true;
    one.image.clear();
  }
  show_news(store, list);
}

} // namespace

expected<std::uint64_t> forget_log_after(library_store& store,
                                         sequence_number end) {
  std::uint64_t count = 0;
  auto forgotten = in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      const auto newer = newer_than(store, end);
      known_states states;
      for (const auto& what : newer) {
        note(store, what);
        states[what.key] = {};
      }
      if (auto read = read_states(store, states); !read)
        return read;
      forget_tombstones_after(store, end);
      for (const auto& [key, state] : states)
        store.index.store(key.first, key.second, state);
      forget_set_aside_after(store, end);
      store.set_applied(end);
      store.statements.use("UPDATE lockstep_state SET first_sync = 1")->exec();
      auto noted
        = store.statements.use("SELECT count(*) FROM lockstep_unlogged");
      noted->executeStep();
      count = static_cast<std::uint64_t>(noted->getColumn(0).getInt64());
      return {};
    });
  return forgotten.map([&] { return count; });
}

expected<std::uint64_t> take_up_unlogged(library_store& store) {
  std::uint64_t count = 0;
  auto taken = in_one_transaction(
    store, durability::by_itself, [&]() -> expected<void> {
      std::vector<unlogged_record> news;
      std::vector<unlogged_record> displaced;
      std::vector<unlogged_record> gone;
      std::vector<record_key> in_sight;
      for (auto& one : all_unlogged(store)) {
        const auto& [model, record] = one.what.key;
        const auto becomes
          = fate_of(store, one, store.index.find(model, record));
        if (becomes == fate::in_sight)
          in_sight.push_back(one.what.key);
        else if (becomes == fate::news)
          news.push_back(std::move(one));
        else if (becomes == fate::conflict)
          displaced.push_back(std::move(one));
        else if (becomes == fate::forgotten)
          gone.push_back(std::move(one));
      }
      const auto noted = store.changes.newest_note();
      store.set_applying(true);
      auto shown = show_news(store, news);
      hide(store, gone);
      undo_triggers(store, noted);
      store.set_applying(false);
      // What is captured now is what they are, or nothing where that is known.
      shown.insert(shown.end(), in_sight.begin(), in_sight.end());
      for (const auto& [model, record] : shown)
        note_record(store.statements, *store.tables.by_model(model), record);
      auto known = [&](const unlogged_record& one) {
        return store.index.find(one.what.key.first, one.what.key.second);
      };
      for (const auto& one : news)
        propose(store, one, known(one), known(one).version);
      for (const auto& one : displaced)
        propose(store, one, known(one),
                version_number{one.what.version.value - 1});
      for (const auto& one : gone)
        propose(store, one, {}, one.what.version);
      store.statements.use("DELETE FROM lockstep_unlogged")->exec();
      store.statements.use("UPDATE lockstep_state SET first_sync = 2")->exec();
      count = shown.size() + news.size() + displaced.size() + gone.size();
      return {};
    });
  return taken.map([&] { return count; });
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
