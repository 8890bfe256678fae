#include "persistence/image.hpp"
#include "persistence/row_keys.hpp"

#include <algorithm>
#include <array>
#include <utility>

// Where a record's row stands.
namespace lockstep {

std::string sql_without_key(const tracked_table_schema& schema) {
  std::string text;
  for (const auto& column : schema.key_columns)
    text += (text.empty() ? "(" : " OR ") + sql_name(column) + " IS NULL";
  return text + ")";
}

void row_location::bind_to(SQLite::Statement& statement) const {
  for (std::size_t i = 0; i < values.size(); ++i)
    bind_value(statement, static_cast<int>(i) + 1, values[i]);
}

std::optional<row_location> row_keys::locate(const tracked_table_schema& schema,
                                             record_id record) {
  const auto known = kept.find(schema.id, record);
  if (schema.kind == key_kind::integer
      || (known && known->key == key_table::no_key)) {
    if (schema.kind == key_kind::integer) {
      if (!known || !known->number)
        return std::nullopt;
      return row_location{schema.number + " = ?1", {*known->number}};
    }
    // Its number may be another record's already while it is still there.
    const auto number = kept.last_number_of(schema.id, record);
    const auto owner = number && !known->number
                         ? kept.record_at(schema.id, *number)
                         : std::nullopt;
    if (!number || (owner && is_without_key(schema, *owner)))
      return std::nullopt;
    return row_location{schema.number + " = ?1 AND " + sql_without_key(schema),
                        {*number}};
  }
  if (known && known->key) {
    const auto key = nlohmann::json::parse(*known->key);
    row_location found{schema.sql.has_key, {}};
    for (std::size_t i = 0; i < key.size(); ++i) {
      const auto* column = schema.find(schema.key_columns.at(i));
      const auto value = reference_in(column, key[i]);
      // A row outlives the one that it refers to within a transaction.
      const auto number = value.parent
                            ? last_number_of(*value.parent, value.record)
                            : std::nullopt;
      if (value.is_reference && !number)
        return std::nullopt;
      found.values.push_back(number ? sql_value{*number}
                                    : to_sql_value(key[i]));
    }
    return found;
  }
  if (schema.kind != key_kind::uuid)
    return std::nullopt;
  return locate_uuid(schema, record);
}

row_location row_keys::locate_uuid(const tracked_table_schema& schema,
                                   record_id record) {
  auto dashed = to_string(record);
  auto plain = dashed;
  std::erase(plain, '-');
  std::array<sql_value, 3> spellings{
    std::move(dashed), std::move(plain),
    std::vector<std::uint8_t>{record.bytes.begin(), record.bytes.end()}};
  auto row = statements_.use(schema.sql.find_uuid);
  for (int i = 0; i < 3; ++i)
    bind_value(*row, i + 1, spellings.at(static_cast<std::size_t>(i)));
  const bool is_there = row->executeStep();
  const auto found = is_there ? row->getColumn(0).getInt() : 1;
  return {schema.sql.has_key,
          {std::move(spellings.at(static_cast<std::size_t>(found - 1)))},
          !is_there};
}

} // namespace lockstep
