#include "persistence/key_table.hpp"

#include "persistence/record_index.hpp"

namespace lockstep {

bool key_table::may_hold(std::int64_t table) {
  const auto [known, is_new] = may_hold_.try_emplace(table, true);
  if (is_new) {
    auto row
      = statements_.use("SELECT 1 FROM lockstep_key WHERE model = ? LIMIT 1");
    row->bind(1, table);
    known->second = row->executeStep();
  }
  return known->second;
}

std::optional<key_table::place> key_table::find(std::int64_t table,
                                                record_id record) {
  if (!may_hold(table))
    return std::nullopt;
  auto row = statements_.use("SELECT number, key FROM lockstep_key WHERE"
                             " model = ? AND record_id = ?");
  row->bind(1, table);
  bind_id(*row, 2, record);
  if (!row->executeStep())
    return std::nullopt;
  place found;
  if (!row->isColumnNull(0))
    found.number = row->getColumn(0).getInt64();
  if (!row->isColumnNull(1))
    found.key = row->getColumn(1).getString();
  return found;
}

std::optional<record_id> key_table::record_at(std::int64_t table,
                                              std::int64_t number) {
  auto row = statements_.use("SELECT record_id FROM lockstep_key WHERE model ="
                             " ? AND number = ?");
  row->bind(1, table);
  row->bind(2, number);
  if (!row->executeStep())
    return std::nullopt;
  const auto found = read_id<record_id>(row->getColumn(0));
  return found;
}

std::optional<std::int64_t> key_table::last_number_of(std::int64_t table,
                                                      record_id record) {
  if (!may_hold(table))
    return std::nullopt;
  auto row = statements_.use("SELECT coalesce(number, last_number) FROM"
                             " lockstep_key WHERE model = ? AND record_id = ?");
  row->bind(1, table);
  bind_id(*row, 2, record);
  if (!row->executeStep() || row->isColumnNull(0))
    return std::nullopt;
  return row->getColumn(0).getInt64();
}

void key_table::keep(std::int64_t table, record_id record, const place& now) {
  if (now.number) {
    // Whoever had the number is gone, or gets another one next.
    auto before = statements_.use("UPDATE lockstep_key SET number = NULL WHERE"
                                  " model = ? AND number = ? AND record_id <>"
                                  " ?");
    before->bind(1, table);
    before->bind(2, *now.number);
    bind_id(*before, 3, record);
    before->exec();
  }
  keep_free(table, record, now);
}

void key_table::keep_free(std::int64_t table, record_id record,
                          const place& now) {
  may_hold_[table] = true;
  auto row = statements_.use("INSERT OR REPLACE INTO lockstep_key(model,"
                             " record_id, number, key) VALUES(?, ?, ?, ?)");
  row->bind(1, table);
  bind_id(*row, 2, record);
  if (now.number)
    row->bind(3, *now.number);
  if (now.key)
    row->bind(4, *now.key);
  row->exec();
}

void key_table::assign(std::int64_t table, record_id record,
                       std::int64_t number) {
  auto known = find(table, record).value_or(place{});
  if (known.number == number)
    return;
  known.number = number;
  keep(table, record, known);
}

void key_table::release(std::int64_t table, record_id record) {
  if (!may_hold(table))
    return;
  auto row = statements_.use("UPDATE lockstep_key SET number = NULL,"
                             " last_number = number WHERE model = ? AND"
                             " record_id = ? AND number IS NOT NULL");
  row->bind(1, table);
  bind_id(*row, 2, record);
  row->exec();
}

void key_table::move_released(std::int64_t table, std::int64_t from,
                              std::int64_t to) {
  auto row = statements_.use("UPDATE lockstep_key SET last_number = ? WHERE"
                             " model = ? AND last_number = ? AND number IS"
                             " NULL");
  row->bind(1, to);
  row->bind(2, table);
  row->bind(3, from);
  row->exec();
}

} // namespace lockstep
