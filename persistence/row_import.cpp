#include "persistence/row_import.hpp"

#include "messages/json_value.hpp"
#include "persistence/missing_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

namespace lockstep {

namespace {

bool is_same_image(const nlohmann::json& a, const nlohmann::json& b) {
  if (a.size() != b.size())
    return false;
  for (const auto& [column, value] : a.items()) {
    const auto other = b.find(column);
    if (other == b.end() || !is_same_value(value, *other))
      return false;
  }
  return true;
}

/// Rows of a table with a natural key that has a NULL in it. Nothing but their
/// content says which records they are, as in a copy of another device's file.
class keyless_rows {
public:
  keyless_rows(library_store& store, const tracked_table_schema& schema)
    : store_(store), schema_(schema) {
    if (schema.kind != key_kind::natural || schema.number.empty())
      return;
    const auto numbers = read_numbers();
    if (numbers.empty())
      return;
    // What is kept for the probe goes again.
    savepoint probing{store};
    const record_id probe{};
    for (const auto number : numbers) {
      store.keys.kept.keep(schema.id, probe, place_at(number));
      if (const auto image = store.rows.read(schema, probe))
        by_content_.emplace(std::hash<std::string>{}(image->dump()), number);
    }
  }

  /// Whether one of them is the record's row; it is no other's from now on.
  bool take(record_id record, const nlohmann::json& image) {
    const auto same
      = by_content_.equal_range(std::hash<std::string>{}(image.dump()));
    for (auto row = same.first; row != same.second; ++row) {
      store_.keys.kept.keep(schema_.id, record, place_at(row->second));
      if (const auto there = store_.rows.read(schema_, record);
          there && is_same_image(*there, image)) {
        by_content_.erase(row);
        return true;
      }
      store_.keys.kept.keep(schema_.id, record, place_at(std::nullopt));
    }
    return false;
  }

private:
  static key_table::place place_at(std::optional<std::int64_t> number) {
    return {number, std::string{key_table::no_key}};
  }

  std::vector<std::int64_t> read_numbers() {
    SQLite::Statement rows{*store_.database,
                           "SELECT " + schema_.number + " FROM "
                             + sql_name(schema_.table) + " WHERE "
                             + sql_without_key(schema_)};
    std::vector<std::int64_t> numbers;
    while (rows.executeStep())
      if (const auto number = rows.getColumn(0).getInt64();
          !store_.keys.kept.record_at(schema_.id, number))
        numbers.push_back(number);
    return numbers;
  }

  library_store& store_;
  const tracked_table_schema& schema_;
  std::unordered_multimap<std::size_t, std::int64_t> by_content_;
};

/// A record's row in a table that was there before.
enum class found_row : std::uint8_t { none, same, other };

/// Finds it by its own key, with whatever content, or, for an integer key, as
/// the same row under the same number, as in a copy of another device's file.
found_row find_row(library_store& store, const tracked_table_schema& schema,
                   const entry& what, keyless_rows& keyless) {
  const auto image = nlohmann::json::parse(what.data, nullptr, false);
  if (!image.is_object())
    return found_row::none;
  store.keys.learn(schema, what.record, image);
  if (schema.kind != key_kind::integer) {
    if (const auto row = store.rows.read(schema, what.record))
      return is_same_image(*row, image) ? found_row::same : found_row::other;
    return store.keys.is_without_key(schema, what.record)
               && keyless.take(what.record, image)
             ? found_row::same
             : found_row::none;
  }
  const auto number = image.find(schema.number_in_image);
  if (number == image.end() || !number->is_number_integer()
      || store.keys.kept.record_at(schema.id, number->get<std::int64_t>()))
    return found_row::none;
  store.keys.kept.assign(schema.id, what.record, number->get<std::int64_t>());
  if (const auto row = store.rows.read(schema, what.record);
      row && is_same_image(*row, image))
    return found_row::same;
  store.keys.kept.release(schema.id, what.record);
  return found_row::none;
}

struct compared_rows {
  /// Those of a model's newest entries whose rows the table lacks.
  std::vector<sequence_number> missing;
  /// How many rows are what the log says.
  std::int64_t same = 0;
};

expected<compared_rows> compare(library_store& store,
                                const tracked_table_schema& schema,
                                std::vector<sequence_number> known,
                                bool is_empty) {
  compared_rows result;
  if (is_empty || known.empty()) {
    result.missing = std::move(known);
    return result;
  }
  keyless_rows keyless{store, schema};
  for (auto at : known) {
    auto found = store.entry_at(at);
    if (!found)
      return tl::make_unexpected(found.error());
    if (!*found)
      continue;
    const auto row = find_row(store, schema, **found, keyless);
    if (row == found_row::none)
      result.missing.push_back(at);
    else if (row == found_row::same)
      ++result.same;
  }
  return result;
}

std::int64_t count_rows(library_store& store,
                        const tracked_table_schema& schema) {
  SQLite::Statement row{*store.database,
                        "SELECT count(*) FROM " + sql_name(schema.table)};
  row.executeStep();
  return row.getColumn(0).getInt64();
}

} // namespace

expected<operation_range> import_rows(library_store& store,
                                      const tracked_table_schema& schema,
                                      library_writer& writer,
                                      operation_keeper& keeper) {
  return store.attempt([&]() -> expected<operation_range> {
    auto known = store.index.latest_of(schema.model);
    store.index.adopt(schema);
    store.set_applying(true);
    const auto here = count_rows(store, schema);
    const auto compared = compare(store, schema, std::move(known), here == 0);
    if (!compared)
      return tl::make_unexpected(compared.error());
    fill_from_log(store, schema, compared->missing, here == 0,
                  [](record_id) { return true; });
    store.set_applying(false);
    // Else the log knows all that there is; but nobody the numbers of rows
    // whose key is another one.
    const bool any_new = here != compared->same
                         || (here != 0 && schema.is_numbered()
                             && schema.kind != key_kind::integer);
    return writer.imported(schema, keeper, any_new);
  });
}

} // namespace lockstep
