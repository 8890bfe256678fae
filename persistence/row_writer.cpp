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

} // namespace

std::optional<std::string>
row_writer::read(const tracked_table_schema& schema, record_id record) {
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
    image[schema.columns[i].name] = to_json(
      row->getColumn(static_cast<int>(i)), schema.columns[i].json);
  return image.dump();
}

void row_writer::write(const tracked_table_schema& schema, record_id record,
                       const std::string& image) {
  auto values = nlohmann::json::parse(image);
  if (!values.is_object())
    throw std::invalid_argument{"An image is a JSON object."};
  if (!values.contains(schema.key_column))
    values[schema.key_column] = to_string(record);
  std::string names;
  std::string places;
  std::string updates;
  std::vector<const nlohmann::json*> bound;
  for (const auto& column : schema.columns) {
    auto value = values.find(column.name);
    if (value == values.end())
      continue;
    bound.push_back(&*value);
    const auto name = sql_name(column.name);
    names += (names.empty() ? "" : ", ") + name;
    places += places.empty() ? "?" : ", ?";
    if (column.name != schema.key_column)
      updates += (updates.empty() ? "" : ", ") + name + " = excluded." + name;
  }
  auto row = statements_.use(
    "INSERT INTO " + sql_name(schema.table) + "(" + names + ") VALUES(" + places
    + ") ON CONFLICT(" + sql_name(schema.key_column) + ") DO "
    + (updates.empty() ? "NOTHING" : "UPDATE SET " + updates));
  for (std::size_t i = 0; i < bound.size(); ++i)
    bind_json(*row, static_cast<int>(i) + 1, *bound[i]);
  row->exec();
}

void row_writer::erase(const tracked_table_schema& schema, record_id record) {
  auto row = statements_.use("DELETE FROM " + sql_name(schema.table)
                             + where_key(schema));
  bind_key(*row, record);
  row->exec();
}

} // namespace lockstep
