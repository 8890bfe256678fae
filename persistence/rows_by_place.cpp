#include "persistence/rows_by_place.hpp"

#include "persistence/rows_together.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace lockstep {

namespace {

bool has_own_key(const tracked_table_schema& schema) {
  return schema.kind != key_kind::integer;
}

/// A record that only its place tells apart, where it stood, and where it is.
struct placed_record {
  record_id record;
  sequence_number latest;
  std::int64_t before = 0;
  std::optional<std::int64_t> now;
};

class search {
public:
  search(library_store& store, const tracked_table_schema& schema,
         const std::vector<std::string>& new_columns)
    : store_(store), schema_(schema) {
    for (const auto& column : schema.columns)
      if (std::ranges::find(new_columns, column.name) == new_columns.end())
        columns_.push_back(&column);
  }

  void find(const std::vector<live_record>& live) {
    read_records(live);
    read_rows();
    match(true);
    match(false);
    match_in_order();
  }

  /// Rows that are as they were found, with numbers of their own.
  void keep_numbers() {
    for (const auto& one : records_)
      store_.keys.kept.keep(schema_.id, one.record,
                            {one.now, std::string{key_table::no_key}});
  }

  /// Rows get the numbers back that they had; new ones leave them free.
  void restore_numbers() {
    std::set<std::int64_t> taken;
    for (const auto& one : records_)
      taken.insert(one.before);
    auto top = std::max(taken.empty() ? 0 : *taken.rbegin(),
                        rows_.empty() ? 0 : rows_.rbegin()->first);
    std::vector<std::pair<std::int64_t, std::int64_t>> moves;
    for (const auto& [number, content] : rows_)
      if (taken.contains(number))
        moves.emplace_back(number, ++top);
    for (const auto& one : records_)
      if (one.now && *one.now != one.before)
        moves.emplace_back(*one.now, one.before);
    if (!moves.empty())
      move(moves);
  }

private:
  void read_records(const std::vector<live_record>& live) {
    for (const auto& one : live) {
      const auto place = store_.keys.kept.find(schema_.id, one.record);
      if (place && place->number
          && (!has_own_key(schema_) || place->key == key_table::no_key))
        records_.push_back(
          {one.record, one.latest, *place->number, std::nullopt});
    }
    std::ranges::sort(records_, {}, &placed_record::before);
  }

  void read_rows() {
    std::vector<std::int64_t> numbers;
    {
      SQLite::Statement rows{
        *store_.database,
        "SELECT " + schema_.number + " FROM " + schema_.sql.table
          + (has_own_key(schema_) ? " WHERE " + sql_without_key(schema_) : "")};
      while (rows.executeStep())
        numbers.push_back(rows.getColumn(0).getInt64());
    }
    // What is kept for the probe goes again.
    savepoint probing{store_};
    const record_id probe{};
    key_table::place place;
    if (has_own_key(schema_))
      place.key = key_table::no_key;
    for (const auto number : numbers) {
      place.number = number;
      store_.keys.kept.keep(schema_.id, probe, place);
      if (const auto image = store_.rows.read(schema_, probe))
        add_row(number, content_of(*image));
    }
  }

  void add_row(std::int64_t number, std::size_t content) {
    rows_[number] = content;
    by_content_[content].insert(number);
  }

  /// A hash over what an image says of columns that the table had before.
  [[nodiscard]] std::size_t content_of(const nlohmann::json& image) const {
    auto values = nlohmann::json::array();
    for (const auto* column : columns_) {
      auto value = image.find(column->name);
      if (value == image.end())
        value = image.find(column->earlier_name);
      values.push_back(value == image.end() ? nlohmann::json{} : *value);
    }
    return std::hash<std::string>{}(values.dump());
  }

  std::optional<std::size_t> content_of(const placed_record& one) {
    std::string text;
    if (const auto mine = store_.pending.newest_of(schema_.model, one.record))
      text = mine->data;
    else if (auto found = store_.entry_at(one.latest); found && *found)
      text = std::move((*found)->data);
    const auto image = nlohmann::json::parse(text, nullptr, false);
    return image.is_object() ? std::optional{content_of(image)} : std::nullopt;
  }

  void match(bool in_place) {
    for (auto& one : records_) {
      const auto content = one.now ? std::nullopt : content_of(one);
      const auto same
        = content ? by_content_.find(*content) : by_content_.end();
      if (same == by_content_.end() || same->second.empty())
        continue;
      auto& numbers = same->second;
      const auto row = in_place ? numbers.find(one.before) : numbers.begin();
      if (row == numbers.end())
        continue;
      one.now = *row;
      rows_.erase(*row);
      numbers.erase(row);
    }
  }

  void match_in_order() {
    const auto left = std::ranges::count_if(
      records_, [](const auto& one) { return !one.now; });
    if (static_cast<std::size_t>(left) != rows_.size())
      return;
    for (auto& one : records_)
      if (!one.now)
        one.now = rows_.extract(rows_.begin()).key();
  }

  void move(std::vector<std::pair<std::int64_t, std::int64_t>>& moves) {
    const without_triggers quiet{store_};
    auto set = [&](std::int64_t from, std::int64_t to) {
      auto row = store_.statements.use(
        "UPDATE OR ABORT " + schema_.sql.table + " SET " + schema_.number
        + " = ?2 WHERE " + schema_.number + " = ?1");
      row->bind(1, from);
      row->bind(2, to);
      row->exec();
    };
    SQLite::Statement lowest{*store_.database, "SELECT min(0, min("
                                                 + schema_.number + ")) FROM "
                                                 + schema_.sql.table};
    lowest.executeStep();
    auto aside = lowest.getColumn(0).getInt64();
    lowest.reset();
    for (auto& [from, to] : moves) {
      set(from, --aside);
      from = aside;
    }
    for (const auto& [from, to] : moves)
      set(from, to);
  }

  library_store& store_;
  const tracked_table_schema& schema_;
  std::vector<const tracked_column*> columns_;
  std::vector<placed_record> records_;
  /// Rows that are nobody's so far, and what they hold.
  std::map<std::int64_t, std::size_t> rows_;
  std::map<std::size_t, std::set<std::int64_t>> by_content_;
};

} // namespace

bool is_told_by_place(const tracked_table_schema& schema) {
  return schema.kind == key_kind::integer
           ? schema.number_in_image == rowid_in_image
           : !schema.is_numbered() && !schema.number.empty();
}

void find_places(library_store& store, const tracked_table_schema& schema,
                 const std::vector<live_record>& live,
                 const std::set<record_id>& removed,
                 const std::vector<std::string>& new_columns) {
  search all{store, schema, new_columns};
  all.find(live);
  for (const auto& record : removed)
    if (auto place = store.keys.kept.find(schema.id, record)) {
      place->number.reset();
      store.keys.kept.keep(schema.id, record, *place);
    }
  if (has_own_key(schema))
    all.keep_numbers();
  else
    all.restore_numbers();
}

} // namespace lockstep
