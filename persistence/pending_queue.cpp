#include "persistence/pending_queue.hpp"

#include "persistence/sqlite_ids.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace lockstep {

namespace {

/// Operations that are read at once.
constexpr std::uint32_t operations_at_once = 500;

constexpr std::string_view columns
  = "SELECT device, device_sequence, timestamp, model, record_id, change_type,"
    " base_version, base_operation, changed, transaction_end, data,"
    " shown, id FROM $ ";

std::uint64_t number_of_column(const SQLite::Column& column) {
  return static_cast<std::uint64_t>(column.getInt64());
}

template <class Tag>
void bind_number(SQLite::Statement& statement, int index,
                 number_of<Tag> number) {
  statement.bind(index, static_cast<std::int64_t>(number.value));
}

} // namespace

operation pending_queue::read(SQLite::Statement& row) {
  operation what;
  what.device = read_id<device_id>(row.getColumn(0));
  what.device_sequence
    = device_sequence_number{number_of_column(row.getColumn(1))};
  what.timestamp.packed = number_of_column(row.getColumn(2));
  what.model = row.getColumn(3).getString();
  what.record = read_id<record_id>(row.getColumn(4));
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

prepared pending_queue::use(std::string_view text) {
  std::string sql{text};
  for (auto at = sql.find('$'); at != std::string::npos; at = sql.find('$'))
    sql.replace(at, 1, table_);
  return statements_.use(sql);
}

prepared pending_queue::select(std::string_view rest) {
  return use(std::string{columns} + std::string{rest});
}

void pending_queue::add(const operation& what, bool shown) {
  insert({what, shown}, std::nullopt);
}

std::int64_t pending_queue::place_in_front(std::uint64_t count) {
  auto row = use("SELECT min(coalesce(min(id), 1), 1) FROM $");
  row->executeStep();
  return row->getColumn(0).getInt64() - static_cast<std::int64_t>(count);
}

void pending_queue::add_at(std::int64_t place, const taken_operation& taken) {
  insert(taken, place);
}

void pending_queue::set_base(std::int64_t place, const operation& what) {
  auto row
    = use("UPDATE $ SET base_version = ?, base_operation = ? WHERE id = ?");
  bind_number(*row, 1, what.base_version);
  bind_number(*row, 2, what.base_operation);
  row->bind(3, place);
  row->exec();
}

void pending_queue::move_bases(std::string_view model, record_id record,
                               device_sequence_number from,
                               device_sequence_number to) {
  auto rows = use("UPDATE $ SET base_operation = ? WHERE record_id = ? AND"
                  " model = ? AND base_operation = ? AND base_version <> 0");
  bind_number(*rows, 1, to);
  bind_id(*rows, 2, record);
  rows->bind(3, std::string{model});
  bind_number(*rows, 4, from);
  rows->exec();
}

void pending_queue::insert(const taken_operation& taken,
                           std::optional<std::int64_t> place) {
  const auto& what = taken.what;
  auto row = use(
    "INSERT OR IGNORE INTO $(device, device_sequence, timestamp,"
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
  if (place)
    row->bind(13, *place);
  row->exec();
}

void pending_queue::join(device_id device, operation_range all) {
  auto row = use("UPDATE $ SET transaction_end = ?3 WHERE"
                 " device = ?1 AND device_sequence BETWEEN ?2 AND ?3");
  bind_id(*row, 1, device);
  bind_number(*row, 2, all.first);
  bind_number(*row, 3, all.last);
  row->exec();
}

void pending_queue::end_before_others() {
  struct cut {
    device_id device;
    std::int64_t at = 0;
    std::int64_t end = 0;
  };
  std::vector<cut> cuts;
  {
    auto rows
      = use("SELECT device, device_sequence, transaction_end FROM (SELECT *,"
            " lead(transaction_end) OVER (PARTITION BY device ORDER BY"
            " device_sequence) AS following FROM $) WHERE device_sequence <"
            " transaction_end AND coalesce(following, 0) <> transaction_end"
            " ORDER BY device_sequence");
    while (rows->executeStep())
      cuts.push_back({read_id<device_id>(rows->getColumn(0)),
                      rows->getColumn(1).getInt64(),
                      rows->getColumn(2).getInt64()});
  }
  for (const auto& [device, at, end] : cuts) {
    auto row = use("UPDATE $ SET transaction_end = ?2 WHERE device = ?1 AND"
                   " device_sequence <= ?2 AND transaction_end = ?3");
    bind_id(*row, 1, device);
    row->bind(2, at);
    row->bind(3, end);
    row->exec();
  }
}

std::optional<taken_operation>
pending_queue::take(device_id device, device_sequence_number number) {
  std::optional<taken_operation> found;
  {
    auto row = select("WHERE device = ? AND device_sequence = ?");
    bind_id(*row, 1, device);
    bind_number(*row, 2, number);
    if (!row->executeStep())
      return std::nullopt;
    found = taken_operation{read(*row), row->getColumn(11).getInt() != 0};
  }
  auto erase = use("DELETE FROM $ WHERE device = ?"
                   " AND device_sequence = ?");
  bind_id(*erase, 1, device);
  bind_number(*erase, 2, number);
  erase->exec();
  if (found->what.transaction_end == number)
    end_without(device, number);
  return found;
}

void pending_queue::end_without(device_id device, device_sequence_number end) {
  auto row = use("UPDATE $ SET transaction_end = (SELECT max(device_sequence)"
                 " FROM $ WHERE device = ?1 AND device_sequence < ?2"
                 " AND transaction_end = ?2)"
                 " WHERE device = ?1 AND device_sequence < ?2"
                 " AND transaction_end = ?2");
  bind_id(*row, 1, device);
  bind_number(*row, 2, end);
  row->exec();
}

std::optional<operation> pending_queue::of_another_time(const entry& what) {
  auto row = select("WHERE device = ? AND device_sequence = ? AND"
                    " timestamp <> ?");
  bind_id(*row, 1, what.device);
  bind_number(*row, 2, what.device_sequence);
  row->bind(3, static_cast<std::int64_t>(what.timestamp.packed));
  return row->executeStep() ? std::optional{read(*row)} : std::nullopt;
}

renumbering pending_queue::renumber(device_id device,
                                    device_sequence_number first,
                                    device_sequence_number free) {
  const auto by = free.value - first.value;
  auto row
    = use("UPDATE $ SET device_sequence = device_sequence + ?2,"
          " transaction_end = transaction_end + ?2, base_operation ="
          " base_operation + iif(base_operation BETWEEN ?3 AND ?4, ?2, 0)"
          " WHERE device = ?1 AND device_sequence >= ?3");
  bind_id(*row, 1, device);
  row->bind(2, static_cast<std::int64_t>(by));
  bind_number(*row, 3, first);
  bind_number(*row, 4, free);
  row->exec();
  end_before_others();
  return {first, by};
}

void pending_queue::set_shown(device_id device, operation_range which,
                              bool shown) {
  auto row = use("UPDATE $ SET shown = ? WHERE device = ? AND device_sequence"
                 " BETWEEN ? AND ?");
  row->bind(1, shown ? 1 : 0);
  bind_id(*row, 2, device);
  bind_number(*row, 3, which.first);
  bind_number(*row, 4, which.last);
  row->exec();
}

void pending_queue::move_times(device_id device, device_sequence_number after,
                               std::chrono::milliseconds by) {
  auto rows = use("UPDATE $ SET timestamp = max(timestamp + ?, 0) WHERE"
                  " device = ? AND device_sequence > ? AND id > 0");
  rows->bind(1, std::int64_t{by.count()} * (std::int64_t{1} << 16));
  rows->bindNoCopy(2, device.bytes.data(), 16);
  bind_number(*rows, 3, after);
  rows->exec();
}

void pending_queue::clear() {
  use("DELETE FROM $")->exec();
}

std::optional<operation> pending_queue::newest_of(std::string_view model,
                                                  record_id record) {
  auto row = select(
    "WHERE record_id = ? AND model = ? AND shown ORDER BY id DESC LIMIT 1");
  bind_id(*row, 1, record);
  row->bind(2, std::string{model});
  if (!row->executeStep())
    return std::nullopt;
  return read(*row);
}

bool pending_queue::has(std::string_view model, record_id record) {
  auto row = use("SELECT 1 FROM $ WHERE record_id ="
                 " ? AND model = ? LIMIT 1");
  bind_id(*row, 1, record);
  row->bind(2, std::string{model});
  return row->executeStep();
}

bool pending_queue::is_empty() {
  auto row = use("SELECT 1 FROM $ LIMIT 1");
  return !row->executeStep();
}

device_sequence_number pending_queue::last(device_id device) {
  auto row = use("SELECT coalesce(max(device_sequence), 0) FROM"
                 " $ WHERE device = ?");
  bind_id(*row, 1, device);
  row->executeStep();
  return device_sequence_number{number_of_column(row->getColumn(0))};
}

void pending_queue::for_each(
  const std::function<void(const operation&, std::int64_t)>& action) {
  for (auto after = std::numeric_limits<std::int64_t>::min();;) {
    std::vector<std::pair<operation, std::int64_t>> list;
    {
      auto rows = select("WHERE id > ? ORDER BY id LIMIT ?");
      rows->bind(1, after);
      rows->bind(2, operations_at_once);
      while (rows->executeStep())
        list.emplace_back(read(*rows), rows->getColumn(12).getInt64());
    }
    if (list.empty())
      return;
    for (const auto& [what, place] : list)
      action(what, place);
    after = list.back().second;
  }
}

std::optional<operation> pending_queue::at(std::int64_t place) {
  auto row = select("WHERE id = ?");
  row->bind(1, place);
  if (!row->executeStep())
    return std::nullopt;
  return read(*row);
}

std::vector<std::pair<operation, std::int64_t>>
pending_queue::all_of(std::string_view model) {
  std::vector<std::pair<operation, std::int64_t>> list;
  auto rows = select("WHERE model = ? ORDER BY id");
  rows->bind(1, std::string{model});
  while (rows->executeStep())
    list.emplace_back(read(*rows), rows->getColumn(12).getInt64());
  return list;
}

expected<void> pending_queue::for_each_in(
  device_id device, operation_range which,
  const std::function<expected<void>(const operation&)>& action) {
  for (auto from = which.first; !(which.last < from);) {
    std::vector<operation> list;
    {
      auto rows = select("WHERE device = ? AND device_sequence BETWEEN ? AND ?"
                         " ORDER BY device_sequence LIMIT ?");
      bind_id(*rows, 1, device);
      bind_number(*rows, 2, from);
      bind_number(*rows, 3, which.last);
      rows->bind(4, operations_at_once);
      while (rows->executeStep())
        list.push_back(read(*rows));
    }
    if (list.empty())
      return {};
    for (const auto& what : list)
      if (auto done = action(what); !done)
        return done;
    from = list.back().device_sequence + 1;
  }
  return {};
}

std::vector<queued_transaction> pending_queue::transactions() {
  std::vector<queued_transaction> list;
  auto rows = use("SELECT device, min(device_sequence), max(device_sequence),"
                  " count(*) FROM $ GROUP BY device, transaction_end ORDER BY"
                  " min(id)");
  while (rows->executeStep())
    list.push_back(
      {read_id<device_id>(rows->getColumn(0)),
       {device_sequence_number{number_of_column(rows->getColumn(1))},
        device_sequence_number{number_of_column(rows->getColumn(2))}},
       number_of_column(rows->getColumn(3))});
  return list;
}

queued_transaction pending_queue::of(device_id device) {
  auto row = use("SELECT coalesce(min(device_sequence), 0),"
                 " coalesce(max(device_sequence), 0), count(*) FROM $ WHERE"
                 " device = ?");
  bind_id(*row, 1, device);
  row->executeStep();
  return {device,
          {device_sequence_number{number_of_column(row->getColumn(0))},
           device_sequence_number{number_of_column(row->getColumn(1))}},
          number_of_column(row->getColumn(2))};
}

bool pending_queue::holds(device_id device, device_sequence_number number) {
  auto row = use("SELECT 1 FROM $ WHERE device = ? AND device_sequence = ?");
  bind_id(*row, 1, device);
  bind_number(*row, 2, number);
  return row->executeStep();
}

void pending_queue::erase(device_id device) {
  auto row = use("DELETE FROM $ WHERE device = ?");
  bind_id(*row, 1, device);
  row->exec();
}

void pending_queue::take_all(pending_queue& other) {
  use("INSERT INTO $ SELECT * FROM " + other.table_)->exec();
  other.clear();
}

std::vector<operation> pending_queue::all() {
  std::vector<operation> list;
  for_each([&](const operation& what, std::int64_t) { list.push_back(what); });
  return list;
}

std::uint64_t pending_queue::count() {
  auto row = use("SELECT count(*) FROM $");
  row->executeStep();
  return number_of_column(row->getColumn(0));
}

} // namespace lockstep
