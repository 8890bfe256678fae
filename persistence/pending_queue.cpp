#include "persistence/pending_queue.hpp"

#include "persistence/record_index.hpp"

#include <nlohmann/json.hpp>

#include <cstring>

namespace lockstep {

namespace {

constexpr std::string_view columns
  = "SELECT device, device_sequence, timestamp, model, record_id, change_type,"
    " base_version, base_operation, changed, transaction_end, data,"
    " shown FROM lockstep_pending ";

std::string select(std::string_view rest) {
  return std::string{columns} + std::string{rest};
}

template <class Id> Id id_of(const SQLite::Column& column) {
  Id id;
  if (column.getBytes() == 16)
    std::memcpy(id.bytes.data(), column.getBlob(), 16);
  return id;
}

std::uint64_t number_of_column(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

operation read(SQLite::Statement& row) {
  operation what;
  what.device = id_of<device_id>(row.getColumn(0));
  what.device_sequence
    = device_sequence_number{number_of_column(row.getColumn(1))};
  what.timestamp.packed = number_of_column(row.getColumn(2));
  what.model = row.getColumn(3).getString();
  what.record = id_of<record_id>(row.getColumn(4));
  what.change = static_cast<change_type>(row.getColumn(5).getInt());
  what.base_version = version_number{number_of_column(row.getColumn(6))};
  what.base_operation
    = device_sequence_number{number_of_column(row.getColumn(7))};
  what.changed = nlohmann::json::parse(row.getColumn(8).getString())
                   .get<std::vector<std::string>>();
  what.transaction_end
    = device_sequence_number{number_of_column(row.getColumn(9))};
  what.data = row.getColumn(10).getString();
  return what;
}

template <class Tag>
void bind_number(SQLite::Statement& statement, int index,
                 number_of<Tag> number) {
  statement.bind(index, static_cast<std::int64_t>(number.value));
}

} // namespace

void pending_queue::add(const operation& what, bool shown) {
  insert({what, shown}, std::nullopt);
}

void pending_queue::add_in_front(const std::vector<taken_operation>& list) {
  std::int64_t first = 0;
  {
    auto row = statements_.use("SELECT coalesce(min(id), 1) FROM"
                               " lockstep_pending");
    row->executeStep();
    first
      = row->getColumn(0).getInt64() - static_cast<std::int64_t>(list.size());
  }
  for (const auto& taken : list)
    insert(taken, first++);
}

void pending_queue::insert(const taken_operation& taken,
                           std::optional<std::int64_t> id) {
  const auto& what = taken.what;
  auto row = statements_.use(
    "INSERT OR IGNORE INTO lockstep_pending(device, device_sequence, timestamp,"
    " model, record_id, change_type, base_version, base_operation, changed,"
    " transaction_end, data, shown, id) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?,"
    " ?)");
  bind_id(*row, 1, what.device);
  bind_number(*row, 2, what.device_sequence);
  row->bind(3, static_cast<std::int64_t>(what.timestamp.packed));
  row->bind(4, what.model);
  bind_id(*row, 5, what.record);
  row->bind(6, static_cast<int>(what.change));
  bind_number(*row, 7, what.base_version);
  bind_number(*row, 8, what.base_operation);
  row->bind(9, nlohmann::json(what.changed).dump());
  bind_number(*row, 10, what.transaction_end);
  row->bind(11, what.data);
  row->bind(12, taken.shown ? 1 : 0);
  if (id)
    row->bind(13, *id);
  row->exec();
}

std::optional<taken_operation>
pending_queue::take(device_id device, device_sequence_number number) {
  std::optional<taken_operation> found;
  {
    auto row
      = statements_.use(select("WHERE device = ? AND device_sequence = ?"));
    bind_id(*row, 1, device);
    bind_number(*row, 2, number);
    if (!row->executeStep())
      return std::nullopt;
    found = taken_operation{read(*row), row->getColumn(11).getInt() != 0};
  }
  auto erase = statements_.use("DELETE FROM lockstep_pending WHERE device = ?"
                               " AND device_sequence = ?");
  bind_id(*erase, 1, device);
  bind_number(*erase, 2, number);
  erase->exec();
  return found;
}

void pending_queue::set_shown(device_id device, device_sequence_number number,
                              bool shown) {
  auto row = statements_.use("UPDATE lockstep_pending SET shown = ? WHERE"
                             " device = ? AND device_sequence = ?");
  row->bind(1, shown ? 1 : 0);
  bind_id(*row, 2, device);
  bind_number(*row, 3, number);
  row->exec();
}

void pending_queue::clear() {
  statements_.use("DELETE FROM lockstep_pending")->exec();
}

std::optional<operation> pending_queue::newest_of(std::string_view model,
                                                  record_id record) {
  auto row = statements_.use(select(
    "WHERE record_id = ? AND model = ? AND shown ORDER BY id DESC LIMIT 1"));
  bind_id(*row, 1, record);
  row->bind(2, std::string{model});
  if (!row->executeStep())
    return std::nullopt;
  return read(*row);
}

bool pending_queue::has(std::string_view model, record_id record) {
  auto row = statements_.use("SELECT 1 FROM lockstep_pending WHERE record_id ="
                             " ? AND model = ? LIMIT 1");
  bind_id(*row, 1, record);
  row->bind(2, std::string{model});
  return row->executeStep();
}

device_sequence_number pending_queue::last(device_id device) {
  auto row = statements_.use("SELECT coalesce(max(device_sequence), 0) FROM"
                             " lockstep_pending WHERE device = ?");
  bind_id(*row, 1, device);
  row->executeStep();
  return device_sequence_number{number_of_column(row->getColumn(0))};
}

std::vector<operation> pending_queue::fetch(device_id own,
                                            device_sequence_number after,
                                            std::uint32_t limit) {
  std::vector<operation> list;
  auto read_transactions = [&](SQLite::Statement& rows) {
    const auto start = list.size();
    while (rows.executeStep()) {
      auto what = read(rows);
      const bool opens = list.empty() || list.back().device != what.device
                         || list.back().transaction_end != what.transaction_end;
      if (list.size() - start >= limit && opens)
        return;
      list.push_back(std::move(what));
    }
  };
  {
    auto others = statements_.use(select("WHERE device <> ? ORDER BY id"));
    bind_id(*others, 1, own);
    read_transactions(*others);
  }
  auto rows = statements_.use(select(
    "WHERE device = ? AND device_sequence > ? ORDER BY device_sequence"));
  bind_id(*rows, 1, own);
  bind_number(*rows, 2, after);
  read_transactions(*rows);
  return list;
}

std::vector<operation> pending_queue::all() {
  auto rows = statements_.use(select("ORDER BY id"));
  std::vector<operation> list;
  while (rows->executeStep())
    list.push_back(read(*rows));
  return list;
}

std::uint64_t pending_queue::count() {
  auto row = statements_.use("SELECT count(*) FROM lockstep_pending");
  row->executeStep();
  return number_of_column(row->getColumn(0));
}

} // namespace lockstep
