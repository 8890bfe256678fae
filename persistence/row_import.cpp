#include "persistence/row_import.hpp"

namespace lockstep {

expected<std::vector<operation>> import_rows(library_store& store,
                                             const tracked_table_schema& schema,
                                             library_writer& writer) {
  return store.attempt([&]() -> expected<std::vector<operation>> {
    const auto known = store.index.latest_of(schema.model);
    store.index.adopt(schema);
    store.set_applying(true);
    for (auto at : known) {
      auto found = store.log.at(at);
      if (!found)
        return tl::make_unexpected(found.error());
      if (*found && !store.pending.has((*found)->model, (*found)->record))
        store.show((*found)->model, (*found)->record, (*found)->change,
                   (*found)->data);
    }
    store.set_applying(false);
    store.database->exec(
      "INSERT INTO lockstep_touched(model, key) SELECT "
      + std::to_string(schema.id) + ", " + sql_name(schema.key_column)
      + " FROM " + sql_name(schema.table));
    return writer.captured(true);
  });
}

} // namespace lockstep
