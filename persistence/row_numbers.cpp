#include "persistence/row_numbers.hpp"

#include "persistence/table_references.hpp"

#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace lockstep {

bool row_numbers::has_row(const tracked_table_schema& schema,
                          std::int64_t number) {
  auto row = statements_.use("SELECT 1 FROM " + schema.sql.table + " WHERE "
                             + schema.number + " = ?");
  row->bind(1, number);
  return row->executeStep();
}

bool row_numbers::is_free(const tracked_table_schema& schema,
                          std::int64_t number, record_id for_record) {
  if (const auto owner = keys_.kept.record_at(schema.id, number))
    return *owner == for_record;
  if (!has_row(schema, number))
    return true;
  if (schema.kind == key_kind::integer)
    return false;
  // A row whose number nobody has any more is about to go.
  const auto there = keys_.record_at(schema, number);
  return !there || keys_.kept.last_number_of(schema.id, *there) == number;
}

void row_numbers::place(const tracked_table_schema& schema, record_id record,
                        std::int64_t number) {
  const auto current = keys_.number_of(schema, record);
  if (current == number)
    return;
  if (has_row(schema, number)) {
    const auto other = keys_.kept.record_at(schema.id, number);
    const auto elsewhere = free_number(schema);
    move(schema.table, schema.number, number, elsewhere);
    if (other)
      keys_.kept.assign(schema.id, *other, elsewhere);
    else
      keys_.kept.move_released(schema.id, number, elsewhere);
  }
  if (current && has_row(schema, *current))
    move(schema.table, schema.number, *current, number);
  keys_.kept.assign(schema.id, record, number);
}

std::int64_t row_numbers::choose(const tracked_table_schema& schema,
                                 record_id record,
                                 std::optional<std::int64_t> wanted) {
  if (const auto current = keys_.number_of(schema, record))
    return *current;
  const auto number = wanted && is_free(schema, *wanted, record)
                        ? *wanted
                        : free_number(schema);
  keys_.kept.assign(schema.id, record, number);
  return number;
}

std::int64_t row_numbers::highest(const std::string& query) {
  auto row = statements_.use(query);
  row->executeStep();
  return row->getColumn(0).getInt64();
}

std::int64_t row_numbers::free_number(const tracked_table_schema& schema) {
  auto top = highest("SELECT max(0, coalesce(max(" + schema.number
                     + "), 0)) FROM " + schema.sql.table);
  {
    auto kept = statements_.use("SELECT coalesce(max(number), 0) FROM"
                                " lockstep_key WHERE model = ? AND number IS"
                                " NOT NULL");
    kept->bind(1, schema.id);
    kept->executeStep();
    top = std::max(top, kept->getColumn(0).getInt64());
  }
  SQLite::Statement has_sequence{
    database_, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"};
  if (has_sequence.executeStep()) {
    auto sequence = statements_.use("SELECT coalesce(max(seq), 0) FROM"
                                    " sqlite_sequence WHERE name = ?");
    sequence->bind(1, schema.table);
    sequence->executeStep();
    top = std::max(top, sequence->getColumn(0).getInt64());
  }
  if (top < std::numeric_limits<std::int64_t>::max())
    return top + 1;
  // The highest number is taken; some program likes it. Below it there is room.
  auto gap = statements_.use("SELECT max(" + schema.number + ") + 1 FROM "
                             + schema.sql.table + " WHERE " + schema.number
                             + " < 4611686018427387904");
  if (gap->executeStep()) {
    const auto number = gap->isColumnNull(0) ? 1 : gap->getColumn(0).getInt64();
    if (!keys_.kept.record_at(schema.id, number))
      return number;
  }
  throw std::range_error{"The table \"" + schema.table
                         + "\" has no free number left."};
}

void row_numbers::move(const std::string& table, const std::string& number,
                       std::int64_t from, std::int64_t to) {
  auto set = [&](const std::string& where, const std::string& column) {
    auto row = statements_.use("UPDATE OR ABORT " + sql_name(where) + " SET "
                               + column + " = ?2 WHERE " + column + " = ?1");
    row->bind(1, from);
    row->bind(2, to);
    row->exec();
  };
  // What refers to the row goes first, so that no action of a foreign key finds
  // it there.
  for (const auto& reference : references_to(database_, table))
    if (reference.is_integer_key && !is_same_name(reference.table, table))
      move(reference.table, sql_name(reference.column), from, to);
    else
      set(reference.table, sql_name(reference.column));
  set(table, number);
}

} // namespace lockstep
