#include "persistence/row_import.hpp"

#include "persistence/rows_in_pieces.hpp"
#include "persistence/set_aside.hpp"

#include <functional>
#include <stdexcept>
#include <unordered_map>

namespace lockstep {

namespace {

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
      if (store_.rows.read(schema_, record) == image) {
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

/// Whether the table holds the record's row already, with whatever content: by
/// its own key, or, for an integer key, as the same row under the same number,
/// as in a copy of another device's file.
bool is_there(library_store& store, const tracked_table_schema& schema,
              const entry& what, keyless_rows& keyless) {
  const auto image = nlohmann::json::parse(what.data, nullptr, false);
  if (!image.is_object())
    return false;
  store.keys.learn(schema, what.record, image);
  if (schema.kind != key_kind::integer)
    return store.rows.read(schema, what.record)
           || (store.keys.is_without_key(schema, what.record)
               && keyless.take(what.record, image));
  const auto number = image.find(schema.number_in_image);
  if (number == image.end() || !number->is_number_integer()
      || store.keys.kept.record_at(schema.id, number->get<std::int64_t>()))
    return false;
  store.keys.kept.assign(schema.id, what.record, number->get<std::int64_t>());
  if (store.rows.read(schema, what.record) == image)
    return true;
  store.keys.kept.release(schema.id, what.record);
  return false;
}

/// Records that the log knows and the table lacks; an index is a place in the
/// list of their newest entries.
class missing_rows : public row_stream {
public:
  missing_rows(library_store& store, const std::vector<sequence_number>& places)
    : store_(store), places_(places) {
  }

  void for_each(const action& run) const override {
    for (std::size_t i = 0; i < places_.size(); ++i)
      run(i, at(i));
  }

  [[nodiscard]] wanted_row at(std::size_t index) const override {
    const auto found = store_.entry_at(places_[index]);
    if (!found || !*found)
      throw std::runtime_error{"The log lacks entry "
                               + to_string(places_[index]) + "."};
    const auto& what = **found;
    return {what.model, what.record, what.change, what.data,
            standing::canonical};
  }

private:
  library_store& store_;
  const std::vector<sequence_number>& places_;
};

/// Those of a model's newest entries whose rows the table lacks.
expected<std::vector<sequence_number>>
missing_from(library_store& store, const tracked_table_schema& schema,
             const std::vector<sequence_number>& known) {
  std::vector<sequence_number> places;
  if (known.empty())
    return places;
  keyless_rows keyless{store, schema};
  for (auto at : known) {
    auto found = store.entry_at(at);
    if (!found)
      return tl::make_unexpected(found.error());
    if (*found && !is_there(store, schema, **found, keyless))
      places.push_back(at);
  }
  return places;
}

} // namespace

expected<operation_range> import_rows(library_store& store,
                                      const tracked_table_schema& schema,
                                      library_writer& writer,
                                      operation_keeper& keeper) {
  return store.attempt([&]() -> expected<operation_range> {
    const auto known = store.index.latest_of(schema.model);
    store.index.adopt(schema);
    const auto noted = store.changes.newest_note();
    store.set_applying(true);
    auto places = missing_from(store, schema, known);
    if (!places)
      return tl::make_unexpected(places.error());
    const missing_rows missing{store, *places};
    for (const auto& row :
         show_unchecked(store, show_in_pieces(store, missing),
                        [&](std::size_t index) { return missing.at(index); }))
      set_aside(store, (*places)[row.index], row.why.message);
    store.pending.for_each([&](const operation& what, std::int64_t) {
      if (what.model == schema.model)
        store.show(what.model, what.record, what.change, what.data,
                   standing::pending);
    });
    undo_triggers(store, noted);
    set_orphans_aside(store);
    retry_set_aside(store);
    undo_triggers(store, noted);
    store.set_applying(false);
    return writer.imported(schema, keeper);
  });
}

} // namespace lockstep
