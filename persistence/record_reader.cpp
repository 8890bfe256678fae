#include "persistence/record_reader.hpp"

namespace lockstep {

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
    found.data = std::move(*image);
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
  auto latest = store.log.at(state.latest);
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
  std::vector<record_id> ids;
  {
    const auto key = sql_name(schema->key_column);
    auto rows = store.statements.use("SELECT " + key + " FROM "
                                     + sql_name(schema->table) + " WHERE " + key
                                     + " > ? ORDER BY " + key + " LIMIT ?");
    rows->bind(1, after.is_nil() ? std::string{} : to_string(after));
    rows->bind(2, static_cast<std::int64_t>(limit));
    while (rows->executeStep())
      if (auto id = record_of(rows->getColumn(0)))
        ids.push_back(*id);
  }
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
