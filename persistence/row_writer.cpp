#include "persistence/row_writer.hpp"

#include "persistence/image.hpp"
#include "persistence/record_index.hpp"

#include <stdexcept>

namespace lockstep {

namespace {

/// Finds the row whichever way its key is written: as text or as bytes.
std::string where_key(const tracked_table_schema& schema) {
  const auto key = sql_name(schema.key_column);
  return " WHERE " + key + " IN (?1, ?2)";
}

void bind_key(SQLite::Statement& statement, record_id record) {
  statement.bind(1, to_string(record));
  bind_id(statement, 2, record);
}

nlohmann::json as_blob(record_id record) {
  return blob_to_json(record.bytes.data(), record.bytes.size());
}

nlohmann::json key_value(const tracked_table_schema& schema, record_id record) {
  return schema.binary_key ? as_blob(record)
                           : nlohmann::json(to_string(record));
}

} // namespace

std::optional<std::string> row_writer::read(const tracked_table_schema& schema,
                                            record_id record) {
  std::string text = "SELECT ";
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    text += (i == 0 ? "" : ", ") + sql_name(schema.columns[i].name);
  text += " FROM " + sql_name(schema.table) + where_key(schema);
  auto row = statements_.use(text);
  bind_key(*row, record);
  if (!row->executeStep())
    return std::nullopt;
  auto image = nlohmann::json::object();
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    image[schema.columns[i].name]
      = to_json(row->getColumn(static_cast<int>(i)), schema.columns[i].json);
  return image.dump();
}

void row_writer::write(const tracked_table_schema& schema, record_id record,
                       const std::string& image) {
  auto object = nlohmann::json::parse(image);
  if (!object.is_object())
    throw std::invalid_argument{"An image is a JSON object."};
  auto& key = object[schema.key_column];
  if (key.is_null())
    key = key_value(schema, record);
  else if (key != to_string(record) && key != as_blob(record))
    throw std::invalid_argument{"The image of the record " + to_string(record)
                                + " has the " + schema.key_column
                                + " of another one."};
  values list;
  for (const auto& column : schema.columns)
    if (auto value = object.find(column.name); value != object.end())
      list.emplace_back(column.name, &*value);
  // First, as an upsert wants values for all columns that must not be NULL.
  if (!update(schema, record, list))
    insert(schema, list);
}

bool row_writer::update(const tracked_table_schema& schema, record_id record,
                        const values& list) {
  std::string text = "UPDATE " + sql_name(schema.table) + " SET ";
  for (std::size_t i = 0; i < list.size(); ++i)
    text += (i == 0 ? "" : ", ") + sql_name(list[i].first) + " = ?"
            + std::to_string(i + 3);
  auto row = statements_.use(text + where_key(schema));
  bind_key(*row, record);
  for (std::size_t i = 0; i < list.size(); ++i)
    bind_json(*row, static_cast<int>(i) + 3, *list[i].second);
  return row->exec() != 0;
}

void row_writer::insert(const tracked_table_schema& schema,
                        const values& list) {
  std::string names;
  std::string places;
  for (const auto& [name, value] : list) {
    names += (names.empty() ? "" : ", ") + sql_name(name);
    places += places.empty() ? "?" : ", ?";
  }
  auto row = statements_.use("INSERT INTO " + sql_name(schema.table) + "("
                             + names + ") VALUES(" + places + ")");
  for (std::size_t i = 0; i < list.size(); ++i)
    bind_json(*row, static_cast<int>(i) + 1, *list[i].second);
  row->exec();
}

nlohmann::json row_writer::lift(const tracked_table_schema& schema,
                                record_id record) {
  auto local = nlohmann::json::object();
  if (!schema.local_columns.empty()) {
    std::string text = "SELECT ";
    for (std::size_t i = 0; i < schema.local_columns.size(); ++i)
      text += (i == 0 ? "" : ", ") + sql_name(schema.local_columns[i]);
    auto row = statements_.use(text + " FROM " + sql_name(schema.table)
                               + where_key(schema));
    bind_key(*row, record);
    if (row->executeStep())
      for (std::size_t i = 0; i < schema.local_columns.size(); ++i)
        local[schema.local_columns[i]]
          = to_json(row->getColumn(static_cast<int>(i)), false);
  }
  erase(schema, record);
  return local;
}

void row_writer::put_back(const tracked_table_schema& schema, record_id record,
                          const std::string& image,
                          const nlohmann::json& local) {
  write(schema, record, image);
  values list;
  for (const auto& [name, value] : local.items())
    list.emplace_back(name, &value);
  if (!list.empty())
    update(schema, record, list);
}

void row_writer::erase(const tracked_table_schema& schema, record_id record) {
  auto row = statements_.use("DELETE FROM " + sql_name(schema.table)
                             + where_key(schema));
  bind_key(*row, record);
  row->exec();
}

} // namespace lockstep
