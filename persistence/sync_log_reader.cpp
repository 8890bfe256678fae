#include "persistence/own_schema.hpp"
#include "persistence/sync_log_connection.hpp"
#include "persistence/sync_log_rows.hpp"
#include "persistence/sync_log_schema.hpp"

#include <algorithm>

namespace lockstep {

namespace {

std::string select_entries(std::string_view where) {
  return "SELECT " + std::string{entry_columns} + " FROM sync_log WHERE "
         + std::string{where};
}

const std::string select_one = select_entries("sequence = ?");
const std::string select_after
  = select_entries("sequence > ? ORDER BY sequence LIMIT ?");
const std::string select_range
  = select_entries("sequence BETWEEN ? AND ? ORDER BY sequence LIMIT ?");

} // namespace

sync_log_reader::sync_log_reader(std::unique_ptr<connection> opened)
  : connection_(std::move(opened)) {
}

sync_log_reader::sync_log_reader(sync_log_reader&&) noexcept = default;

sync_log_reader&
sync_log_reader::operator=(sync_log_reader&&) noexcept = default;

sync_log_reader::~sync_log_reader() = default;

expected<sync_log_reader>
sync_log_reader::open(const std::filesystem::path& file) {
  auto database
    = open_sqlite(file, open_mode::read_only, sync_log_migrations());
  if (!database)
    return tl::make_unexpected(database.error());
  if (auto is_log = check_sync_log(**database, file, false); !is_log)
    return tl::make_unexpected(is_log.error());
  return sync_log_reader{
    std::make_unique<connection>(file, std::move(*database))};
}

std::optional<failure> sync_log_reader::gone() const {
  return file_is_gone(*connection_->database)
           ? std::optional{gone_file(connection_->file)}
           : std::nullopt;
}

expected<log_head> sync_log_reader::head() const {
  return connection_->run<log_head>([this] { return connection_->head(); });
}

expected<std::optional<log_head>>
sync_log_reader::head_at(sequence_number at) const {
  using result = std::optional<log_head>;
  if (!at)
    return log_head{};
  return connection_->run<result>([&]() -> result {
    auto row = connection_->statements.use(
      "SELECT ballot, chain FROM sync_log WHERE sequence = ?");
    row->bind(1, search_bound(at));
    if (!fits(at.value) || !row->executeStep())
      return std::nullopt;
    return log_head{
      {connection_->names.ballot_of(row->getColumn(0).getInt64()), at},
      from_sql(row->getColumn(1).getInt64())};
  });
}

expected<log_position>
sync_log_reader::last_at_or_before(log_position at) const {
  auto last_until = [this](std::uint64_t sequence) -> log_position {
    auto row = connection_->statements.use(
      "SELECT sequence, ballot FROM sync_log WHERE sequence <= ? "
      "ORDER BY sequence DESC LIMIT 1");
    row->bind(1, search_bound(sequence_number{sequence}));
    if (!row->executeStep())
      return {};
    return {connection_->names.ballot_of(row->getColumn(1).getInt64()),
            sequence_number{from_sql(row->getColumn(0).getInt64())}};
  };
  return connection_->run<log_position>([&] {
    SQLite::Transaction snapshot{*connection_->database};
    log_position found = last_until(at.sequence.value);
    if (found.ballot <= at.ballot)
      return found;
    // Ballots never fall along the log: halve the part that is left.
    auto too_new = found.sequence.value;
    std::uint64_t old_enough = 0;
    found = {};
    while (old_enough + 1 < too_new) {
      auto middle = old_enough + (too_new - old_enough) / 2;
      auto probe = last_until(middle);
      if (probe.ballot <= at.ballot) {
        old_enough = middle;
        found = probe;
      } else {
        too_new = probe.sequence.value;
      }
    }
    return found;
  });
}

expected<std::optional<entry>> sync_log_reader::at(sequence_number at) const {
  using result = std::optional<entry>;
  return connection_->run<result>([&]() -> result {
    auto row = connection_->statements.use(select_one);
    row->bind(1, search_bound(at));
    if (!fits(at.value) || !row->executeStep())
      return std::nullopt;
    return read_entry(*row, connection_->names, connection_->dictionaries);
  });
}

expected<std::vector<entry>>
sync_log_reader::fetch_since(sequence_number since, std::uint32_t limit,
                             std::size_t byte_limit) const {
  return connection_->run<std::vector<entry>>([&] {
    auto rows = connection_->statements.use(select_after);
    rows->bind(1, search_bound(since));
    rows->bind(2, limit);
    std::vector<entry> list;
    std::size_t bytes = 0;
    while (rows->executeStep()) {
      auto next
        = read_entry(*rows, connection_->names, connection_->dictionaries);
      bytes += next.data.size();
      if (!list.empty() && bytes > byte_limit)
        break;
      list.push_back(std::move(next));
    }
    return list;
  });
}

expected<std::vector<entry>>
sync_log_reader::fetch_range(sequence_number first, sequence_number last,
                             std::uint32_t limit) const {
  return connection_->run<std::vector<entry>>([&] {
    auto rows = connection_->statements.use(select_range);
    rows->bind(1, search_bound(first));
    rows->bind(2, search_bound(last));
    rows->bind(3, limit);
    std::vector<entry> list;
    while (rows->executeStep())
      list.push_back(
        read_entry(*rows, connection_->names, connection_->dictionaries));
    return list;
  });
}

expected<sequence_number> sync_log_reader::latest_sequence() const {
  return head().map([](const log_head& end) { return end.position.sequence; });
}

expected<std::uint64_t> sync_log_reader::count() const {
  return connection_->run<std::uint64_t>(
    [this] { return connection_->count(); });
}

expected<std::vector<entry>>
sync_log_reader::record_history(sequence_number latest) const {
  return connection_->run<std::vector<entry>>([&] {
    SQLite::Transaction snapshot{*connection_->database};
    auto row = connection_->statements.use(select_one);
    std::vector<entry> list;
    for (auto next = latest; next && fits(next.value);) {
      row->reset();
      row->bind(1, search_bound(next));
      if (!row->executeStep())
        break;
      list.push_back(
        read_entry(*row, connection_->names, connection_->dictionaries));
      auto previous = list.back().previous;
      if (previous >= next)
        found_damage("a record's history runs in a circle");
      next = previous;
    }
    std::reverse(list.begin(), list.end());
    return list;
  });
}

expected<std::vector<entry>>
sync_log_reader::record_history(std::string_view model,
                                record_id record) const {
  auto latest = connection_->run<sequence_number>([&] {
    auto row = connection_->statements.use(
      "SELECT sequence FROM sync_log WHERE record_id = ? "
      "AND model = (SELECT number FROM models WHERE name = ?) "
      "ORDER BY sequence DESC LIMIT 1");
    bind_id(*row, 1, record);
    row->bind(2, std::string{model});
    return row->executeStep()
             ? sequence_number{from_sql(row->getColumn(0).getInt64())}
             : sequence_number{};
  });
  if (!latest)
    return tl::make_unexpected(latest.error());
  return record_history(*latest);
}

expected<std::optional<operation_name>>
sync_log_reader::vacuumed_base(sequence_number at) const {
  using result = std::optional<operation_name>;
  return connection_->run<result>([&]() -> result {
    auto row = connection_->statements.use(
      "SELECT device, device_sequence FROM vacuumed_base WHERE sequence = ?");
    row->bind(1, search_bound(at));
    if (!row->executeStep())
      return std::nullopt;
    return operation_name{
      connection_->names.device(row->getColumn(0).getInt64()),
      device_sequence_number{from_sql(row->getColumn(1).getInt64())}};
  });
}

expected<std::optional<timestamp>>
sync_log_reader::made_at(device_id device,
                         device_sequence_number number) const {
  using result = std::optional<timestamp>;
  return connection_->run<result>([&]() -> result {
    auto row = connection_->statements.use(
      "SELECT timestamp FROM sync_log WHERE device ="
      " (SELECT number FROM devices WHERE id = ?) AND device_sequence = ?"
      " ORDER BY sequence DESC LIMIT 1");
    bind_id(*row, 1, device);
    row->bind(2, to_sql(number.value));
    if (!row->executeStep())
      return std::nullopt;
    return timestamp{from_sql(row->getColumn(0).getInt64())};
  });
}

expected<std::vector<accepted_range>> sync_log_reader::accepted() const {
  return connection_->run<std::vector<accepted_range>>(
    [this] { return connection_->accepted_ranges(); });
}

expected<leadership_record> sync_log_reader::leadership() const {
  return connection_->run<leadership_record>(
    [this] { return connection_->leadership(); });
}

expected<std::vector<member_progress>> sync_log_reader::progress() const {
  return connection_->run<std::vector<member_progress>>([this] {
    auto rows = connection_->statements.use(
      "SELECT device, acknowledged, last_contact FROM progress "
      "ORDER BY device");
    std::vector<member_progress> members;
    while (rows->executeStep())
      members.push_back(
        {read_id<device_id>(rows->getColumn(0)),
         sequence_number{from_sql(rows->getColumn(1).getInt64())},
         wall_time{std::chrono::milliseconds{rows->getColumn(2).getInt64()}}});
    return members;
  });
}

expected<std::vector<std::string>> sync_log_reader::damage() const {
  return connection_->run<std::vector<std::string>>([this] {
    SQLite::Statement rows{*connection_->database, "PRAGMA integrity_check"};
    std::vector<std::string> list;
    while (rows.executeStep())
      if (auto said = rows.getColumn(0).getString(); said != "ok")
        list.push_back(std::move(said));
    if (auto said
        = own_schema_complaint(*connection_->database, sync_log_migrations());
        !said.empty())
      list.push_back(std::move(said));
    for (auto& said : connection_->damaged_dictionaries())
      list.push_back(std::move(said));
    return list;
  });
}

expected<std::vector<std::string>>
sync_log_reader::damaged_dictionaries() const {
  return connection_->run<std::vector<std::string>>(
    [this] { return connection_->damaged_dictionaries(); });
}

expected<std::string> sync_log_reader::newest_dictionary() const {
  return connection_->run<std::string>([this] {
    return connection_->may_hold_dictionaries()
             ? connection_->dictionaries.newest()
             : std::string{};
  });
}

expected<std::optional<std::uint64_t>> sync_log_reader::noted_birth() const {
  return connection_->run<std::optional<std::uint64_t>>([this] {
    auto row = connection_->statements.use("SELECT birth FROM log_state");
    std::optional<std::uint64_t> noted;
    if (row->executeStep() && !row->getColumn(0).isNull())
      noted = from_sql(row->getColumn(0).getInt64());
    return noted;
  });
}

expected<forgotten_deletions> sync_log_reader::forgotten() const {
  return connection_->run<forgotten_deletions>(
    [this] { return connection_->forgotten(); });
}

expected<sequence_number> sync_log_reader::vacuumed_through() const {
  return connection_->run<sequence_number>([this] {
    auto row
      = connection_->statements.use("SELECT vacuumed_through FROM log_state");
    return row->executeStep()
             ? sequence_number{from_sql(row->getColumn(0).getInt64())}
             : sequence_number{};
  });
}

} // namespace lockstep
