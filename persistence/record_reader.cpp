#include "persistence/record_reader.hpp"

#include "persistence/image.hpp"

namespace lockstep {

namespace {

std::vector<record_id> uuids_after(library_store& store,
                                   const tracked_table_schema& schema,
                                   record_id after, std::uint32_t limit) {
  const auto key = sql_name(schema.key_columns.front());
  auto rows = store.statements.use("SELECT " + key + " FROM "
                                   + sql_name(schema.table) + " WHERE " + key
                                   + " > ? ORDER BY " + key + " LIMIT ?");
  rows->bind(1, after.is_nil() ? std::string{} : to_string(after));
  rows->bind(2, static_cast<std::int64_t>(limit));
  std::vector<record_id> list;
  while (rows->executeStep())
    if (auto record = store.keys.record_of(
          schema, key_values{to_sql_value(rows->getColumn(0))}, {}))
      list.push_back(record->id);
  return list;
}

std::vector<record_id> kept_after(library_store& store,
                                  const tracked_table_schema& schema,
                                  record_id after, std::uint32_t limit) {
  auto rows = store.statements.use(
    "SELECT record_id FROM lockstep_key WHERE model = ? AND record_id > ?"
    " ORDER BY record_id LIMIT ?");
  rows->bind(1, schema.id);
  bind_id(*rows, 2, after);
  rows->bind(3, static_cast<std::int64_t>(limit));
  std::vector<record_id> list;
  while (rows->executeStep()) {
    const auto record = read_id<record_id>(rows->getColumn(0));
    list.push_back(record);
  }
  return list;
}

} // namespace

expected<std::optional<record_image>>
find_record(library_store& store, const std::string& model, record_id record) {
  record_image found;
  found.record = record;
  const auto state = store.index.find(model, record);
  found.version = state.version;
  const auto pending = store.pending.newest_of(model, record);
  found.pending = pending.has_value();
  if (const auto* schema = store.tables.by_model(model)) {
    auto image = store.rows.read(*schema, record);
    if (!image)
      return std::nullopt;
    found.data = image->dump();
    return found;
  }
  if (pending) {
    if (pending->change == change_type::remove)
      return std::nullopt;
    found.data = pending->data;
    return found;
  }
  if (!state.version || state.deleted)
    return std::nullopt;
  auto latest = store.entry_at(state.latest);
  if (!latest)
    return tl::make_unexpected(latest.error());
  if (!*latest)
    return std::nullopt;
  found.data = std::move((*latest)->data);
  return found;
}

expected<std::vector<record_image>> list_records(library_store& store,
                                                 const std::string& model,
                                                 record_id after,
                                                 std::uint32_t limit) {
  const auto* schema = store.tables.by_model(model);
  if (schema == nullptr)
    return fail(errc::not_found,
                "There is no table for model \"" + model + "\".");
  const auto ids = schema->kind == key_kind::uuid
                     ? uuids_after(store, *schema, after, limit)
                     : kept_after(store, *schema, after, limit);
  std::vector<record_image> list;
  for (const auto& id : ids) {
    auto found = find_record(store, model, id);
    if (!found)
      return tl::make_unexpected(found.error());
    if (*found)
      list.push_back(std::move(**found));
  }
  return list;
}

} // namespace lockstep
