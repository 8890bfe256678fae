#include "persistence/row_keys.hpp"

#include "persistence/image.hpp"
#include "persistence/record_index.hpp"
#include "persistence/uuid_v5.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lockstep {

namespace {

constexpr std::string_view reference_tag = "$ref";
constexpr double unix_epoch_julian_day = 2440587.5;

/// UUIDv7 with the place as a counter of fixed length before what is random
/// (RFC 9562, 6.2, method 1).
record_id minted(const mint& from) {
  std::string random = from.random;
  random.resize(8, '\0');
  std::uint64_t low = 0;
  std::memcpy(&low, random.data(), 8);
  constexpr int random_bits = 42;
  low = (std::uint64_t{from.place} << random_bits)
        | (low & ((std::uint64_t{1} << random_bits) - 1));
  const double since_epoch
    = (from.noted_at - unix_epoch_julian_day) * 86'400'000.0;
  return record_id{make_uuid_v7(
    static_cast<std::uint64_t>(std::llround(std::fmax(since_epoch, 0.0))),
    from.place >> 20, low)};
}

/// The record that a UUID names by itself.
std::optional<record_id> uuid_in(const nlohmann::json& value) {
  if (const auto* text = value.get_ptr<const std::string*>()) {
    auto id = parse_id<record_id>(*text);
    if (!id)
      return std::nullopt;
    auto dashed = to_string(*id);
    if (dashed == *text)
      return id;
    std::erase(dashed, '-');
    return dashed == *text ? id : std::nullopt;
  }
  if (!value.is_object())
    return std::nullopt;
  const auto bytes = to_sql_value(value);
  const auto* blob = std::get_if<std::vector<std::uint8_t>>(&bytes);
  if (blob == nullptr || blob->size() != 16)
    return std::nullopt;
  record_id id;
  std::copy(blob->begin(), blob->end(), id.bytes.begin());
  return id;
}

nlohmann::json as_reference(record_id record) {
  return {{reference_tag, to_string(record)}};
}

bool is_nothing(const sql_value& value) {
  return std::holds_alternative<std::nullptr_t>(value);
}

bool has_null(const nlohmann::json& key) {
  for (const auto& value : key)
    if (value.is_null())
      return true;
  return false;
}

} // namespace

bool row_keys::has_row(const tracked_table_schema& schema,
                       std::int64_t number) {
  auto row = statements_.use("SELECT 1 FROM " + schema.sql.table + " WHERE "
                             + schema.number + " = ?");
  row->bind(1, number);
  return row->executeStep();
}

std::optional<key_values> row_keys::key_at(const tracked_table_schema& schema,
                                           std::int64_t number) {
  std::string names;
  for (const auto& column : schema.key_columns)
    names += (names.empty() ? "" : ", ") + sql_name(column);
  auto row = statements_.use("SELECT " + names + " FROM " + schema.sql.table
                             + " WHERE " + schema.number + " = ?");
  row->bind(1, number);
  if (!row->executeStep())
    return std::nullopt;
  key_values values;
  for (int i = 0; i < row->getColumnCount(); ++i)
    values.push_back(to_sql_value(row->getColumn(i)));
  return values;
}

nlohmann::json row_keys::travelling_key(const tracked_table_schema& schema,
                                        const key_values& values) {
  auto key = nlohmann::json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto* column = schema.find(schema.key_columns[i]);
    auto value = to_json(values[i]);
    key.push_back(column ? to_travel(*column, std::move(value))
                         : std::move(value));
  }
  return key;
}

record_id row_keys::derive(const tracked_table_schema& schema,
                           const nlohmann::json& travelling) {
  if (schema.kind == key_kind::uuid)
    if (auto id = uuid_in(travelling.front()))
      return *id;
  return make_uuid_v5(schema.model + '\n' + travelling.dump());
}

std::optional<noted_record>
row_keys::record_of(const tracked_table_schema& schema, const noted_key& key,
                    const mint& for_new) {
  if (const auto* values = std::get_if<key_values>(&key)) {
    if (values->size() != schema.key_columns.size())
      return std::nullopt;
    const auto travelling = travelling_key(schema, *values);
    const auto record = derive(schema, travelling);
    const bool says_itself
      = schema.kind == key_kind::uuid && uuid_in(travelling.front());
    if (says_itself && !schema.is_numbered())
      return noted_record{record};
    auto row = statements_.use(
      "SELECT " + (schema.is_numbered() ? schema.number : "1") + " FROM "
      + schema.sql.table + " WHERE " + schema.sql.has_key);
    row_location{{}, *values}.bind_to(*row);
    if (!row->executeStep())
      return noted_record{record};
    key_table::place now;
    if (schema.is_numbered())
      now.number = row->getColumn(0).getInt64();
    if (!says_itself)
      now.key = travelling.dump();
    if (kept.find(schema.id, record) != now)
      kept.keep(schema.id, record, now);
    return noted_record{record};
  }
  const auto number = std::get<std::int64_t>(key);
  const auto known = kept.record_at(schema.id, number);
  if (known) {
    if (schema.kind == key_kind::integer)
      return noted_record{*known};
    if (const auto how = kept.find(schema.id, *known);
        how && how->key == key_table::no_key)
      return noted_record{*known};
  }
  if (!has_row(schema, number))
    return std::nullopt;
  if (schema.kind != key_kind::integer)
    if (const auto values = key_at(schema, number);
        values && std::none_of(values->begin(), values->end(), is_nothing))
      return std::nullopt; // The row that had the number is gone.
  const auto record = minted(for_new);
  key_table::place now{number, std::nullopt};
  if (schema.kind != key_kind::integer)
    now.key = key_table::no_key;
  if (known)
    kept.keep(schema.id, record, now);
  else
    kept.keep_free(schema.id, record, now);
  return noted_record{record, true};
}

std::optional<record_id> row_keys::record_at(const tracked_table_schema& schema,
                                             std::int64_t number) {
  if (schema.kind != key_kind::integer) {
    if (auto values = key_at(schema, number)) {
      auto key = travelling_key(schema, *values);
      if (!has_null(key))
        return derive(schema, key);
    }
    return kept.record_at(schema.id, number);
  }
  if (auto known = kept.record_at(schema.id, number))
    return known;
  if (!has_row(schema, number))
    return std::nullopt;
  mint fresh;
  {
    auto made = statements_.use("SELECT julianday('now'), randomblob(10)");
    made->executeStep();
    fresh = {made->getColumn(0).getDouble(), made->getColumn(1).getString(), 0};
    std::memcpy(&fresh.place, fresh.random.data() + 6, sizeof fresh.place);
  }
  const auto made = record_of(schema, number, fresh);
  return made ? std::optional{made->id} : std::nullopt;
}

std::optional<std::int64_t>
row_keys::number_of(const tracked_table_schema& schema, record_id record) {
  if (schema.is_numbered()) {
    const auto known = kept.find(schema.id, record);
    return known ? known->number : std::nullopt;
  }
  const auto where = locate(schema, record);
  if (!where || schema.number.empty())
    return std::nullopt;
  auto row = statements_.use("SELECT " + schema.number + " FROM "
                             + schema.sql.table + " WHERE " + where->where);
  where->bind_to(*row);
  if (row->executeStep())
    return row->getColumn(0).getInt64();
  // It may be known before the row is there.
  const auto known = kept.find(schema.id, record);
  return known ? known->number : std::nullopt;
}

std::optional<std::int64_t>
row_keys::last_number_of(const tracked_table_schema& schema, record_id record) {
  const auto now = number_of(schema, record);
  return now ? now : kept.last_number_of(schema.id, record);
}

bool row_keys::is_without_key(const tracked_table_schema& schema,
                              record_id record) {
  if (schema.kind == key_kind::integer)
    return false;
  const auto known = kept.find(schema.id, record);
  return known && known->key == key_table::no_key;
}

bool row_keys::has_changed_hands(const tracked_table_schema& schema,
                                 std::int64_t number) {
  const auto before = kept.record_at(schema.id, number);
  const auto values = before ? key_at(schema, number) : std::nullopt;
  if (!values)
    return false;
  const auto key = travelling_key(schema, *values);
  return has_null(key) ? !is_without_key(schema, *before)
                       : derive(schema, key) != *before;
}

std::optional<record_id>
row_keys::record_before_at(const tracked_table_schema& schema,
                           std::int64_t number) {
  // Its number is that of the row which its key refers to.
  if (schema.kind == key_kind::natural)
    return record_before(schema, {number});
  const auto before = kept.record_at(schema.id, number);
  return before ? before : record_at(schema, number);
}

std::optional<record_id>
row_keys::record_before(const tracked_table_schema& schema,
                        const key_values& values) {
  auto key = nlohmann::json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto* column = schema.find(schema.key_columns.at(i));
    const auto* parent = column ? tables_.by_table(column->refers_to) : nullptr;
    const auto* number = std::get_if<std::int64_t>(&values[i]);
    const auto record = parent && parent->present && number
                          ? record_before_at(*parent, *number)
                          : std::nullopt;
    key.push_back(record ? as_reference(*record) : to_json(values[i]));
  }
  if (has_null(key))
    return std::nullopt;
  return derive(schema, key);
}

void row_keys::learn(const tracked_table_schema& schema, record_id record,
                     const nlohmann::json& image) {
  if (schema.kind == key_kind::integer)
    return;
  auto key = nlohmann::json::array();
  for (const auto& column : schema.key_columns) {
    const auto value = image.find(column);
    key.push_back(value == image.end() ? nlohmann::json{} : *value);
  }
  key_table::place now
    = kept.find(schema.id, record).value_or(key_table::place{});
  const auto before = now.key;
  const auto uuid
    = schema.kind == key_kind::uuid ? uuid_in(key.front()) : std::nullopt;
  if (has_null(key)) {
    now.key = key_table::no_key;
  } else if ((uuid ? *uuid : derive(schema, key)) != record) {
    throw std::invalid_argument{"The image of the record " + to_string(record)
                                + " has the key of another one."};
  } else if (uuid) {
    now.key.reset();
  } else {
    now.key = key.dump();
  }
  if (now.key != before)
    kept.keep(schema.id, record, now);
}

nlohmann::json row_keys::to_travel(const tracked_column& column,
                                   nlohmann::json value) {
  if (column.refers_to.empty() || !value.is_number_integer())
    return value;
  const auto* parent = tables_.by_table(column.refers_to);
  if (parent == nullptr || !parent->present)
    return value;
  const auto record = record_at(*parent, value.get<std::int64_t>());
  if (!record)
    return value;
  return as_reference(*record);
}

row_keys::reference row_keys::reference_in(const tracked_column* column,
                                           const nlohmann::json& value) {
  reference found;
  if (column == nullptr || !value.is_object() || value.size() != 1
      || value.begin().key() != reference_tag)
    return found;
  found.is_reference = true;
  const auto record
    = parse_id<record_id>(value.begin().value().get<std::string>());
  if (record) {
    found.record = *record;
    found.parent = tables_.by_table(column->refers_to);
  }
  return found;
}

nlohmann::json row_keys::to_store(const tracked_column& column,
                                  const nlohmann::json& value) {
  const auto found = reference_in(&column, value);
  if (!found.is_reference)
    return value;
  const auto number
    = found.parent ? number_of(*found.parent, found.record) : std::nullopt;
  if (!number)
    throw missing_reference{};
  return *number;
}

} // namespace lockstep
