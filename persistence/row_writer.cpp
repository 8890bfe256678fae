#include "persistence/row_writer.hpp"

#include "persistence/image.hpp"

#include <algorithm>
#include <stdexcept>

namespace lockstep {

namespace {

nlohmann::json uuid_value(const tracked_table_schema& schema,
                          record_id record) {
  return schema.binary_key
           ? blob_to_json(record.bytes.data(), record.bytes.size())
           : nlohmann::json(to_string(record));
}

std::optional<std::int64_t> number_in(const tracked_table_schema& schema,
                                      const nlohmann::json& image) {
  const auto value = image.find(schema.number_in_image);
  if (value == image.end() || !value->is_number_integer())
    return std::nullopt;
  return value->get<std::int64_t>();
}

} // namespace

std::optional<nlohmann::json>
row_writer::read(const tracked_table_schema& schema, record_id record) {
  if (!schema.present)
    return std::nullopt;
  const auto where = keys_.locate(schema, record);
  return where && !where->is_empty ? read_at(schema, *where) : std::nullopt;
}

bool row_writer::keeps(const tracked_table_schema& schema,
                       const nlohmann::json& image) {
  return image.size() == schema.columns.size()
         && std::ranges::all_of(schema.columns, [&](const auto& column) {
              const auto value = image.find(column.name);
              return value != image.end()
                     && (column.refers_to.empty() || value->is_null())
                     && is_kept_as_it_is(*value, column.affinity);
            });
}

std::optional<nlohmann::json>
row_writer::read_new(const tracked_table_schema& schema, record_id record,
                     std::int64_t rowid) {
  return schema.number.empty()
           ? read(schema, record)
           : read_at(schema, {schema.number + " = ?1", {rowid}});
}

std::optional<nlohmann::json>
row_writer::read_at(const tracked_table_schema& schema,
                    const row_location& where) {
  const bool hidden = schema.number_in_image == rowid_in_image;
  auto image = nlohmann::json::object();
  {
    auto row = statements_.use("SELECT " + schema.sql.columns
                               + (hidden ? ", " + schema.number : "") + " FROM "
                               + schema.sql.table + " WHERE " + where.where);
    where.bind_to(*row);
    if (!row->executeStep())
      return std::nullopt;
    int at = 0;
    for (const auto& column : schema.columns)
      image[column.name] = to_json(row->getColumn(at++), column.json);
    if (hidden)
      image[std::string{rowid_in_image}] = row->getColumn(at).getInt64();
  }
  for (const auto& column : schema.columns)
    if (!column.refers_to.empty()) {
      auto& value = image[column.name];
      value = keys_.to_travel(column, std::move(value));
    }
  return image;
}

bool row_writer::has_row(const tracked_table_schema& schema, record_id record) {
  if (!schema.present)
    return false;
  const auto where = keys_.locate(schema, record);
  if (!where || where->is_empty)
    return false;
  auto row = statements_.use("SELECT 1 FROM " + schema.sql.table + " WHERE "
                             + where->where);
  where->bind_to(*row);
  return row->executeStep();
}

row_writer::values row_writer::values_of(const tracked_table_schema& schema,
                                         const nlohmann::json& image) {
  values list;
  for (const auto& column : schema.columns) {
    if (column.name == schema.number_in_image)
      continue;
    auto value = image.find(column.name);
    // From a device that has not renamed the column yet.
    if (value == image.end() && !column.earlier_name.empty())
      value = image.find(column.earlier_name);
    if (value != image.end())
      list.emplace_back(column.sql,
                        to_sql_value(keys_.to_store(column, *value)));
  }
  return list;
}

void row_writer::reserve(const tracked_table_schema& schema, record_id record,
                         const nlohmann::json& image, standing whose) {
  if (!schema.present || !schema.is_numbered())
    return;
  const auto wanted = number_in(schema, image);
  if (whose == standing::canonical && wanted)
    numbers_.place(schema, record, *wanted);
  else
    numbers_.choose(schema, record, wanted);
}

std::string row_writer::with_number(const tracked_table_schema& schema,
                                    record_id record,
                                    const std::string& image) {
  if (!schema.present || !schema.is_numbered())
    return image;
  auto object = nlohmann::json::parse(image);
  if (!object.is_object())
    return image;
  const auto wanted = number_in(schema, object);
  const auto number = numbers_.choose(schema, record, wanted);
  if (wanted == number)
    return image;
  object[schema.number_in_image] = number;
  return object.dump();
}

void row_writer::write(const tracked_table_schema& schema, record_id record,
                       nlohmann::json image, standing whose) {
  if (!schema.present)
    return;
  const auto list = prepare(schema, record, image, whose);
  const auto where = keys_.locate(schema, record);
  // First, as an upsert wants values for all columns that must not be NULL.
  if (!where || where->is_empty || !update(schema, *where, list))
    insert(schema, record, list);
}

std::int64_t row_writer::insert_new(const tracked_table_schema& schema,
                                    record_id record, nlohmann::json& image) {
  insert(schema, record, prepare(schema, record, image, standing::pending));
  return database_.getLastInsertRowid();
}

row_writer::values row_writer::prepare(const tracked_table_schema& schema,
                                       record_id record, nlohmann::json& image,
                                       standing whose) {
  if (!image.is_object())
    throw std::invalid_argument{"An image is a JSON object."};
  if (schema.kind == key_kind::uuid
      && !image.contains(schema.key_columns.front()))
    image[schema.key_columns.front()] = uuid_value(schema, record);
  keys_.learn(schema, record, image);
  reserve(schema, record, image, whose);
  auto list = values_of(schema, image);
  if (schema.is_numbered())
    list.emplace_back(schema.number, *keys_.number_of(schema, record));
  return list;
}

void row_writer::write_columns(const tracked_table_schema& schema,
                               record_id record, const nlohmann::json& image,
                               const std::vector<std::string>& columns) {
  const auto where = keys_.locate(schema, record);
  if (!where)
    return;
  auto list = values_of(schema, image);
  std::erase_if(list, [&](const auto& value) {
    return std::none_of(columns.begin(), columns.end(), [&](const auto& name) {
      return sql_name(name) == value.first;
    });
  });
  if (!list.empty())
    update(schema, *where, list);
}

bool row_writer::update(const tracked_table_schema& schema,
                        const row_location& where, const values& list) {
  std::string text = marker_ + "UPDATE OR ABORT " + schema.sql.table + " SET ";
  const auto first = where.values.size() + 1;
  for (std::size_t i = 0; i < list.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text.append(list[i].first).append(" = ?").append(std::to_string(i + first));
  }
  auto row = statements_.use(text + " WHERE " + where.where);
  where.bind_to(*row);
  for (std::size_t i = 0; i < list.size(); ++i)
    bind_value(*row, static_cast<int>(i + first), list[i].second);
  return row->exec() != 0;
}

void row_writer::insert(const tracked_table_schema& schema, record_id record,
                        const values& list) {
  std::string names;
  std::string places;
  for (const auto& [name, value] : list) {
    names.append(names.empty() ? "" : ", ").append(name);
    places += places.empty() ? "?" : ", ?";
  }
  // What a trigger of the application's did must go again where the row fails.
  // Else nothing needs to, and SQLite keeps no journal of the statement's own,
  // into which each page goes once more with each row.
  const auto into
    = marker_
      + (schema.has_triggers ? "INSERT OR ABORT INTO " : "INSERT OR FAIL INTO ")
      + schema.sql.table;
  auto row = statements_.use(list.empty() ? into + " DEFAULT VALUES"
                                          : into + "(" + names + ") VALUES("
                                              + places + ")");
  for (std::size_t i = 0; i < list.size(); ++i)
    bind_value(*row, static_cast<int>(i) + 1, list[i].second);
  row->exec();
  // Known by its place here only.
  if (!schema.is_numbered() && !schema.number.empty()
      && keys_.is_without_key(schema, record))
    keys_.kept.assign(schema.id, record, database_.getLastInsertRowid());
}

nlohmann::json row_writer::lift(const tracked_table_schema& schema,
                                record_id record) {
  auto local = nlohmann::json::object();
  const auto where = keys_.locate(schema, record);
  if (where && !schema.local_columns.empty()) {
    auto row = statements_.use("SELECT " + schema.sql.local_columns + " FROM "
                               + schema.sql.table + " WHERE " + where->where);
    where->bind_to(*row);
    if (row->executeStep())
      for (std::size_t i = 0; i < schema.local_columns.size(); ++i)
        local[schema.local_columns[i]]
          = to_json(row->getColumn(static_cast<int>(i)), false);
  }
  delete_row(schema, record);
  return local;
}

void row_writer::put_back(const tracked_table_schema& schema, record_id record,
                          nlohmann::json image, const nlohmann::json& local,
                          standing whose) {
  write(schema, record, std::move(image), whose);
  std::vector<std::string> names;
  for (const auto& [name, value] : local.items())
    names.push_back(sql_name(name));
  values list;
  for (const auto& value : local)
    list.emplace_back(names[list.size()], to_sql_value(value));
  const auto where = keys_.locate(schema, record);
  if (where && !list.empty())
    update(schema, *where, list);
}

void row_writer::delete_row(const tracked_table_schema& schema,
                            record_id record) {
  if (!schema.present)
    return;
  // A program may have written the same UUID twice, in two ways.
  for (sql_value before = nullptr;;) {
    const auto where = keys_.locate(schema, record);
    if (!where || where->values.front() == before)
      return;
    auto row = statements_.use(marker_ + "DELETE FROM " + schema.sql.table
                               + " WHERE " + where->where);
    where->bind_to(*row);
    row->exec();
    if (schema.kind != key_kind::uuid)
      return;
    before = where->values.front();
  }
}

void row_writer::erase(const tracked_table_schema& schema, record_id record) {
  delete_row(schema, record);
  keys_.kept.release(schema.id, record);
}

} // namespace lockstep
