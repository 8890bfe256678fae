#include "persistence/entry_file.hpp"

#include "persistence/sync_log_rows.hpp"

namespace lockstep {

namespace {

constexpr std::size_t list_bytes = std::size_t{8} << 20;

entry entry_of(SQLite::Statement& row) {
  auto number = [&](int column) {
    return from_sql(row.getColumn(column).getInt64());
  };
  entry what;
  what.sequence = sequence_number{number(0)};
  what.ballot.term = term_number{number(1)};
  what.ballot.device = read_id<device_id>(row.getColumn(2));
  what.device = read_id<device_id>(row.getColumn(3));
  what.device_sequence = device_sequence_number{number(4)};
  what.timestamp.packed = number(5);
  what.model = row.getColumn(6).getString();
  what.record = read_id<record_id>(row.getColumn(7));
  what.change = static_cast<change_type>(number(8));
  what.version = version_number{number(9)};
  what.previous = sequence_number{number(10)};
  what.transaction_end = sequence_number{number(11)};
  what.data = row.getColumn(12).getString();
  return what;
}

void bind(SQLite::Statement& row, const entry& what) {
  row.bind(1, to_sql(what.sequence.value));
  row.bind(2, to_sql(what.ballot.term.value));
  bind_id(row, 3, what.ballot.device);
  bind_id(row, 4, what.device);
  row.bind(5, to_sql(what.device_sequence.value));
  row.bind(6, to_sql(what.timestamp.packed));
  row.bind(7, what.model);
  bind_id(row, 8, what.record);
  row.bind(9, static_cast<int>(what.change));
  row.bind(10, to_sql(what.version.value));
  row.bind(11, to_sql(what.previous.value));
  row.bind(12, to_sql(what.transaction_end.value));
  row.bind(13, what.data);
}

} // namespace

// An empty name is a file of SQLite's own in the system's temporary folder.
entry_file::temporary::temporary()
  : database("", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
  database.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
                "CREATE TABLE entry(sequence INTEGER PRIMARY KEY, term,"
                " leader, device, device_sequence, timestamp, model, record,"
                " change, version, previous, transaction_end, data);"
                "BEGIN");
}

prepared entry_file::use(std::string_view text) {
  if (!file_)
    file_.emplace();
  return file_->statements.use(text);
}

void entry_file::put(const std::vector<entry>& list) {
  auto row = use("INSERT INTO entry VALUES(?, ?, ?, ?, ?, ?, ?, ?,"
                 " ?, ?, ?, ?, ?)");
  for (const auto& what : list) {
    bind(*row, what);
    row->exec();
    row->reset();
  }
}

std::vector<entry> entry_file::read(sequence_number first, std::size_t most) {
  auto rows = use("SELECT * FROM entry WHERE sequence >= ?"
                  " ORDER BY sequence");
  rows->bind(1, to_sql(first.value));
  std::vector<entry> list;
  std::size_t size = 0;
  while (list.size() < most && size < list_bytes && rows->executeStep()) {
    list.push_back(entry_of(*rows));
    size += list.back().data.size();
  }
  return list;
}

void entry_file::close(sequence_number first, sequence_number end) {
  auto row = use("UPDATE entry SET transaction_end = ? WHERE"
                 " sequence >= ?");
  row->bind(1, to_sql(end.value));
  row->bind(2, to_sql(first.value));
  row->exec();
}

void entry_file::cut(sequence_number first) {
  auto row = use("DELETE FROM entry WHERE sequence >= ?");
  row->bind(1, to_sql(first.value));
  row->exec();
}

} // namespace lockstep
