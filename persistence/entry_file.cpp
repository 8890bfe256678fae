#include "persistence/entry_file.hpp"

#include "persistence/record_index.hpp"

#include <cstring>

namespace lockstep {

namespace {

constexpr std::size_t piece_bytes = std::size_t{8} << 20;

template <class Id> Id id_of(const SQLite::Column& column) {
  Id id;
  std::memcpy(id.bytes.data(), column.getBlob(), id.bytes.size());
  return id;
}

std::int64_t signed_of(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

entry entry_of(SQLite::Statement& row) {
  auto number = [&](int column) {
    return static_cast<std::uint64_t>(row.getColumn(column).getInt64());
  };
  entry what;
  what.sequence = sequence_number{number(0)};
  what.ballot.term = term_number{number(1)};
  what.ballot.device = id_of<device_id>(row.getColumn(2));
  what.device = id_of<device_id>(row.getColumn(3));
  what.device_sequence = device_sequence_number{number(4)};
  what.timestamp.packed = number(5);
  what.model = row.getColumn(6).getString();
  what.record = id_of<record_id>(row.getColumn(7));
  what.change = static_cast<change_type>(number(8));
  what.version = version_number{number(9)};
  what.previous = sequence_number{number(10)};
  what.transaction_end = sequence_number{number(11)};
  what.data = row.getColumn(12).getString();
  return what;
}

void bind(SQLite::Statement& row, const entry& what) {
  row.bind(1, signed_of(what.sequence.value));
  row.bind(2, signed_of(what.ballot.term.value));
  bind_id(row, 3, what.ballot.device);
  bind_id(row, 4, what.device);
  row.bind(5, signed_of(what.device_sequence.value));
  row.bind(6, signed_of(what.timestamp.packed));
  row.bind(7, what.model);
  bind_id(row, 8, what.record);
  row.bind(9, static_cast<int>(what.change));
  row.bind(10, signed_of(what.version.value));
  row.bind(11, signed_of(what.previous.value));
  row.bind(12, signed_of(what.transaction_end.value));
  row.bind(13, what.data);
}

} // namespace

// An empty name is a file of SQLite's own in the system's temporary folder.
entry_file::entry_file()
  : database_("", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE),
    statements_(database_) {
  database_.exec("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
                 "CREATE TABLE entry(sequence INTEGER PRIMARY KEY, term,"
                 " leader, device, device_sequence, timestamp, model, record,"
                 " change, version, previous, transaction_end, data);"
                 "BEGIN");
}

void entry_file::put(const std::vector<entry>& list) {
  auto row = statements_.use("INSERT INTO entry VALUES(?, ?, ?, ?, ?, ?, ?, ?,"
                             " ?, ?, ?, ?, ?)");
  for (const auto& what : list) {
    bind(*row, what);
    row->exec();
    row->reset();
  }
}

std::vector<entry> entry_file::read(sequence_number first, std::size_t most) {
  auto rows = statements_.use("SELECT * FROM entry WHERE sequence >= ?"
                              " ORDER BY sequence");
  rows->bind(1, signed_of(first.value));
  std::vector<entry> list;
  std::size_t size = 0;
  while (list.size() < most && size < piece_bytes && rows->executeStep()) {
    list.push_back(entry_of(*rows));
    size += list.back().data.size();
  }
  return list;
}

void entry_file::close(sequence_number first, sequence_number end) {
  auto row = statements_.use("UPDATE entry SET transaction_end = ? WHERE"
                             " sequence >= ?");
  row->bind(1, signed_of(end.value));
  row->bind(2, signed_of(first.value));
  row->exec();
}

void entry_file::cut(sequence_number first) {
  auto row = statements_.use("DELETE FROM entry WHERE sequence >= ?");
  row->bind(1, signed_of(first.value));
  row->exec();
}

} // namespace lockstep
