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
      if (*found)
        store.show((*found)->model, (*found)->record, (*found)->change,
                   (*found)->data);
    }
    for (const auto& what : store.pending.all())
      if (what.model == schema.model)
        store.show(what.model, what.record, what.change, what.data);
    store.set_applying(false);
    return writer.imported(schema);
  });
}

} // namespace lockstep
