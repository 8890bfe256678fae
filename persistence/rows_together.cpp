#include "persistence/rows_together.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

namespace lockstep {

namespace {

using indices = std::vector<std::size_t>;

/// What is being caught, as every device may say it: without this one's paths.
std::string refusal_text(const std::string& otherwise) {
  try {
    throw;
  } catch (const SQLite::Exception& what) {
    return std::string{"The schema refuses it: "} + what.what() + ".";
  } catch (...) {
    return otherwise;
  }
}

/// Why something that concerns one row alone failed; throws on what concerns
/// all.
template <std::invocable F>
std::optional<failure> refusal_of(library_store& store, F action) {
  try {
    action();
    return std::nullopt;
  } catch (...) {
    auto why = current_failure(store.file);
    if (!store.in_transaction()
        || (why.code != errc::constraint && why.code != errc::invalid_argument))
      throw;
    why.message = refusal_text(why.message);
    return why;
  }
}

/// Does all of it or nothing; throws what it throws. Where it changed no row
/// before it failed, SQLite is not asked to take anything back: after a change
/// of the schema in the same transaction, that reads all of the schema anew,
/// which for thousands of rows takes minutes.
template <std::invocable F> void do_whole(library_store& store, F action) {
  auto* database = store.database->getHandle();
  savepoint whole{store};
  const auto before = sqlite3_total_changes64(database);
  try {
    action();
  } catch (...) {
    if (store.in_transaction() && sqlite3_total_changes64(database) == before)
      whole.release();
    throw;
  }
  whole.release();
}

/// Whether the table's rowid is the number of another table's row.
bool borrows_number(const tracked_table_schema& schema) {
  return schema.kind == key_kind::natural && schema.key_columns.size() == 1
         && schema.number == sql_name(schema.key_columns.front());
}

void reserve_borrowed(library_store& store, const tracked_table_schema& schema,
                      record_id record, const nlohmann::json& image) {
  store.keys.learn(schema, record, image);
  if (const auto where = store.keys.locate(schema, record))
    if (const auto* number = std::get_if<std::int64_t>(&where->values.front()))
      store.keys.kept.assign(schema.id, record, *number);
}

/// Wishes in the order in which their tables were tracked: those that a key
/// refers to come first.
indices by_table(library_store& store, const std::vector<wanted_row>& list,
                 indices wishes) {
  auto place_of = [&](std::size_t i) {
    const auto* schema = store.tables.by_model(list[i].model);
    return schema != nullptr ? schema->id : 0;
  };
  std::stable_sort(wishes.begin(), wishes.end(),
                   [&](auto a, auto b) { return place_of(a) < place_of(b); });
  return wishes;
}

/// Each record's last wish, in order.
indices newest_wishes(const std::vector<wanted_row>& list) {
  std::map<record_key, std::size_t> newest;
  for (std::size_t i = 0; i < list.size(); ++i)
    newest[{list[i].model, list[i].record}] = i;
  indices wishes;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (newest[{list[i].model, list[i].record}] == i)
      wishes.push_back(i);
  return wishes;
}

/// Shows rows in the order in which they fit; returns the others.
std::vector<unshown_row> show_in_order(library_store& store,
                                       const std::vector<wanted_row>& list,
                                       indices waiting) {
  while (true) {
    std::vector<unshown_row> unshown;
    for (auto i : waiting)
      if (auto why = show_one(store, list[i]))
        unshown.push_back({i, std::move(*why)});
    if (unshown.empty() || unshown.size() == waiting.size())
      return unshown;
    waiting.clear();
    for (const auto& row : unshown)
      waiting.push_back(row.index);
  }
}

/// Rows that were taken along come back.
void show_dragged_along(library_store& store,
                        const std::vector<wanted_row>& list,
                        const std::vector<record_key>& dragged) {
  std::map<record_key, const wanted_row*> wishes;
  for (const auto& row : list)
    wishes[{row.model, row.record}] = &row;
  for (const auto& key : dragged) {
    const auto wish = wishes.find(key);
    // What does not fit stays out of sight until its own next change.
    static_cast<void>(show_one(
      store, wish != wishes.end() ? *wish->second : current_row(store, key)));
  }
}

/// Lifts the rows out of the table and puts them back as they are to be.
std::vector<unshown_row> show_circle(library_store& store,
                                     const std::vector<wanted_row>& list,
                                     const std::vector<unshown_row>& circle) {
  std::map<std::size_t, nlohmann::json> local;
  std::vector<unshown_row> unshown;
  const bool applying = store.is_applying();
  const auto noted = store.changes.newest_note();
  store.set_applying(false);
  for (const auto& row : circle) {
    const auto& wish = list[row.index];
    const auto* schema = store.tables.by_model(wish.model);
    auto why = refusal_of(
      store, [&] { local[row.index] = store.rows.lift(*schema, wish.record); });
    if (why)
      return circle;
  }
  for (const auto& row : circle) {
    const auto& wish = list[row.index];
    const auto* schema = store.tables.by_model(wish.model);
    auto why = refusal_of(store, [&] {
      do_whole(store, [&] {
        store.rows.put_back(*schema, wish.record,
                            nlohmann::json::parse(wish.data), local[row.index],
                            wish.whose);
      });
    });
    if (why)
      unshown.push_back({row.index, std::move(*why)});
  }
  // By a foreign key's action, or by a trigger.
  auto dragged = store.changes.take_records_after(noted);
  std::erase_if(dragged, [&](const record_key& key) {
    return std::any_of(circle.begin(), circle.end(), [&](const auto& row) {
      return key == record_key{list[row.index].model, list[row.index].record};
    });
  });
  store.set_applying(true);
  show_dragged_along(store, list, dragged);
  store.set_applying(applying);
  return unshown;
}

} // namespace

std::optional<failure> show_one(library_store& store, const wanted_row& row) {
  return refusal_of(store, [&] {
    store.show(row.model, row.record, row.change, row.data, row.whose);
  });
}

wanted_row canonical_row(library_store& store, const record_key& key) {
  const auto& [model, record] = key;
  const auto state = store.index.find(model, record);
  if (!state.version || state.deleted)
    return {model, record, change_type::remove, {}, standing::canonical};
  auto latest = store.entry_at(state.latest);
  // Until it is dropped; see outlived_rows.hpp.
  if (latest && !*latest)
    if (const auto forgotten = store.log.forgotten();
        forgotten && state.latest <= forgotten->through)
      return {model, record, change_type::remove, {}, standing::canonical};
  if (!latest || !*latest)
    throw std::runtime_error{"The log lacks entry " + to_string(state.latest)
                             + ", the newest of a record of model " + model
                             + "."};
  return {model, record, (*latest)->change, std::move((*latest)->data),
          standing::canonical};
}

bool is_shown(library_store& store, const wanted_row& row) {
  const auto there
    = store.rows.read(*store.tables.by_model(row.model), row.record);
  return row.change == change_type::remove
           ? !there
           : there && *there == nlohmann::json::parse(row.data, nullptr, false);
}

wanted_row current_row(library_store& store, const record_key& key) {
  const auto& [model, record] = key;
  if (auto mine = store.pending.newest_of(model, record))
    return {model, record, mine->change, std::move(mine->data),
            standing::pending};
  return canonical_row(store, key);
}

bool reserves_numbers(const tracked_table_schema& schema) {
  return schema.is_numbered() || borrows_number(schema);
}

void reserve_number(library_store& store, const wanted_row& row) {
  const auto* schema = store.tables.by_model(row.model);
  if (schema == nullptr || !schema->present || !reserves_numbers(*schema)
      || row.change == change_type::remove)
    return;
  // What makes no sense is refused when it is to be shown.
  const auto image = nlohmann::json::parse(row.data, nullptr, false);
  if (!image.is_object())
    return;
  if (schema->is_numbered())
    store.rows.reserve(*schema, row.record, image, row.whose);
  else
    static_cast<void>(refusal_of(
      store, [&] { reserve_borrowed(store, *schema, row.record, image); }));
}

std::vector<unshown_row> show_together(library_store& store,
                                       const std::vector<wanted_row>& list) {
  const auto wishes = newest_wishes(list);
  for (auto i : by_table(store, list, wishes))
    reserve_number(store, list[i]);
  auto unshown = show_in_order(store, list, wishes);
  std::vector<unshown_row> circle;
  std::vector<unshown_row> hopeless;
  for (auto& row : unshown) {
    const bool may_fit = row.why.code == errc::constraint
                         && list[row.index].change != change_type::remove;
    (may_fit ? circle : hopeless).push_back(std::move(row));
  }
  if (circle.empty())
    return hopeless;
  savepoint lifted{store};
  auto still = show_circle(store, list, circle);
  // What does not fit leaves the table as it was, for the others to fit later.
  if (still.size() < circle.size())
    lifted.release();
  hopeless.insert(hopeless.end(), still.begin(), still.end());
  return hopeless;
}

std::vector<unshown_row>
show_unchecked(library_store& store, std::vector<unshown_row> unshown,
               const std::function<wanted_row(std::size_t)>& at) {
  if (unshown.empty())
    return unshown;
  const without_triggers unchecked{store};
  std::erase_if(unshown, [&](const unshown_row& row) {
    return row.why.code == errc::constraint && !show_one(store, at(row.index));
  });
  return unshown;
}

} // namespace lockstep
