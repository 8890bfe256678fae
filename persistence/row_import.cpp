#include "persistence/row_import.hpp"

#include "persistence/rows_together.hpp"
#include "persistence/set_aside.hpp"

namespace lockstep {

namespace {

/// Whether the table holds the record's row already, with whatever content: by
/// its own key, or, for an integer key, as the same row under the same number,
/// as in a copy of another device's file.
bool is_there(library_store& store, const tracked_table_schema& schema,
              const entry& what) {
  const auto image = nlohmann::json::parse(what.data, nullptr, false);
  if (!image.is_object())
    return false;
  store.keys.learn(schema, what.record, image);
  if (schema.kind != key_kind::integer)
    return store.rows.read(schema, what.record).has_value();
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

} // namespace

expected<std::vector<operation>> import_rows(library_store& store,
                                             const tracked_table_schema& schema,
                                             library_writer& writer) {
  return store.attempt([&]() -> expected<std::vector<operation>> {
    const auto known = store.index.latest_of(schema.model);
    store.index.adopt(schema);
    store.set_applying(true);
    std::vector<wanted_row> rows;
    std::vector<sequence_number> places;
    for (auto at : known) {
      auto found = store.entry_at(at);
      if (!found)
        return tl::make_unexpected(found.error());
      const auto& what = *found;
      if (!what || is_there(store, schema, *what))
        continue;
      rows.push_back({what->model, what->record, what->change, what->data,
                      standing::canonical});
      places.push_back(at);
    }
    for (const auto& row : show_together(store, rows))
      set_aside(store, places[row.index], row.why.message);
    for (const auto& what : store.pending.all())
      if (what.model == schema.model)
        store.show(what.model, what.record, what.change, what.data,
                   standing::pending);
    set_orphans_aside(store);
    retry_set_aside(store);
    store.set_applying(false);
    return writer.imported(schema);
  });
}

} // namespace lockstep
