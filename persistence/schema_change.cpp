#include "persistence/library_store.hpp"

#include <utility>

namespace lockstep {

namespace {

/// Fills columns that are new here with what the log has had for them all
/// along.
void fill_in(library_store& store, const tracked_table_schema& schema,
             const std::vector<std::string>& new_columns) {
  std::vector<std::pair<record_id, sequence_number>> records;
  {
    auto rows = store.statements.use("SELECT key, sequence FROM"
                                     " lockstep_identity WHERE model = ?");
    rows->bind(1, schema.id);
    while (rows->executeStep()) {
      const auto record = read_id<record_id>(rows->getColumn(0));
      records.emplace_back(record, sequence_number{static_cast<std::uint64_t>(
                                     rows->getColumn(1).getInt64())});
    }
  }
  for (const auto& [record, latest] : records) {
    auto found = store.entry_at(latest);
    if (!found || !*found || store.pending.has(schema.model, record))
      continue;
    const auto image = nlohmann::json::parse((*found)->data, nullptr, false);
    if (!image.is_object())
      continue;
    auto columns = new_columns;
    std::erase_if(columns,
                  [&](const auto& name) { return !image.contains(name); });
    try {
      store.rows.write_columns(schema, record, image, columns);
    } catch (...) {
      // What does not fit stays as the application's default has it.
      if (current_failure(store.file).code != errc::constraint)
        throw;
    }
  }
}

} // namespace

void library_store::follow_schema() {
  for (auto& change : tables.refresh()) {
    if (change.unobserved)
      changes.note_all(*change.schema);
    if (!change.new_columns.empty())
      new_columns_.push_back({change.schema->id, change.new_columns});
  }
}

void library_store::fill_new_columns() {
  if (new_columns_.empty())
    return;
  const bool applying_before = is_applying();
  set_applying(true);
  for (const auto& [id, columns] : std::exchange(new_columns_, {}))
    if (const auto* schema = tables.by_id(id); schema && schema->present)
      fill_in(*this, *schema, columns);
  set_applying(applying_before);
}

} // namespace lockstep
