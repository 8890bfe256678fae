#include "persistence/sync_log_rows.hpp"

#include <sqlite3.h>

#include <limits>

namespace lockstep {

namespace {

constexpr auto largest
  = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

change_type read_change(std::int64_t number) {
  if (number < static_cast<int>(change_type::insert)
      || number > static_cast<int>(change_type::bulk))
    found_damage("an entry has an unknown kind of change");
  return static_cast<change_type>(number);
}

} // namespace

void found_damage(const char* what) {
  throw SQLite::Exception(what, SQLITE_CORRUPT);
}

std::int64_t search_bound(sequence_number at) {
  return to_sql(std::min(at.value, largest));
}

bool fits(std::uint64_t number) {
  return number <= largest;
}

entry read_entry(SQLite::Statement& row, sync_log_names& names,
                 sync_log_dictionaries& dictionaries) {
  auto integer = [&row](int index) {
    return row.getColumn(index).getInt64();
  };
  auto number = [&](int index) {
    return from_sql(integer(index));
  };
  entry what;
  what.sequence = sequence_number{number(0)};
  what.ballot = names.ballot_of(integer(1));
  what.device = names.device(integer(2));
  what.device_sequence = device_sequence_number{number(3)};
  what.timestamp = timestamp{number(4)};
  what.model = names.model(integer(5));
  what.record = read_id<record_id>(row.getColumn(6));
  what.change = read_change(integer(7));
  what.version = version_number{number(8)};
  what.previous = sequence_number{number(9)};
  what.transaction_end = sequence_number{number(10)};
  what.chain = number(11);
  const auto data = row.getColumn(12);
  what.data = data.isBlob() ? dictionaries.unpacked(bytes_in(data), what.record)
                            : data.getString();
  return what;
}

void bind_entry(SQLite::Statement& insert, const entry& what,
                sync_log_names& names, sync_log_dictionaries& dictionaries) {
  insert.bind(1, to_sql(what.sequence.value));
  insert.bind(2, names.number_of(what.ballot));
  insert.bind(3, names.number_of(what.device));
  insert.bind(4, to_sql(what.device_sequence.value));
  insert.bind(5, to_sql(what.timestamp.packed));
  insert.bind(6, names.number_of(what.model));
  bind_id(insert, 7, what.record);
  insert.bind(8, static_cast<int>(what.change));
  insert.bind(9, to_sql(what.version.value));
  insert.bind(10, to_sql(what.previous.value));
  insert.bind(11, to_sql(what.transaction_end.value));
  insert.bind(12, to_sql(what.chain));
  if (const auto packed = dictionaries.packed(what); packed.empty())
    insert.bindNoCopy(13, what.data);
  else
    insert.bindNoCopy(13, packed.data(), static_cast<int>(packed.size()));
}

} // namespace lockstep
